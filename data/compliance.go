package data

import "time"

// A Point is the judgement of one host at one moment, kept so that a trend can be drawn.
type Point struct {
	Host       HostID
	At         time.Time
	Compliance Compliance
	Missing    int
	Overdue    int
}

// A Closed is a missing update that a later scan proved to be in.
type Closed struct {
	Host      HostID
	Update    Update
	FirstSeen time.Time
	Since     time.Time
	ClosedAt  time.Time
	Due       time.Time // deadline in force when it closed; zero: none
}
