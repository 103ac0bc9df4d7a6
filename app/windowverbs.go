package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"secondtuesday/data"
)

// SaveWindow adds w when its ID is 0, else changes it. What was agreed holds
// only for what was agreed on: changing when, where, how long or what is
// permitted withdraws the agreement, and it is said again with AgreeWindow.
func (d *Desk) SaveWindow(ctx context.Context, w data.Window) (data.WindowID, error) {
	w.Name = strings.TrimSpace(w.Name)
	if err := CheckWindow(w); err != nil {
		return 0, fmt.Errorf("save window: %w", err)
	}
	before, err := d.window(ctx, w.ID)
	if err != nil {
		return 0, err
	}
	w.Agreed = before.Agreed
	if w.ID == 0 || !SameTerms(before, w) {
		w.Agreed = data.Approval{}
	}
	verb, c := "window added", change{After: w}
	if w.ID != 0 {
		verb, c.Before = "window changed", before
	}
	return d.DB.SaveWindow(ctx, w, d.entry(verb, "window "+w.Name, "", c))
}

// SameTerms reports whether an owner who agreed to a has agreed to b.
func SameTerms(a, b data.Window) bool {
	a.Name, a.Notes, a.Agreed = b.Name, b.Notes, b.Agreed
	a.Groups, b.Groups = slices.Sorted(slices.Values(a.Groups)), slices.Sorted(slices.Values(b.Groups))
	sameEnd := a.Until.Equal(b.Until) // times may differ in their zone's pointer
	a.Until, b.Until = time.Time{}, time.Time{}
	return sameEnd && reflect.DeepEqual(a, b)
}

// AgreeWindow records that the owner agreed to the window as it stands.
func (d *Desk) AgreeWindow(ctx context.Context, id data.WindowID, by, note string) error {
	if strings.TrimSpace(by) == "" {
		return errors.New("agree window: name who agreed")
	}
	return d.changeWindow(ctx, id, "window agreed", note, func(w *data.Window) {
		w.Agreed = data.Approval{Role: "window owner", By: strings.TrimSpace(by), At: d.Now().UTC(), Note: note}
	})
}

// WithdrawWindow takes the agreement back: the window permits nothing from now on.
func (d *Desk) WithdrawWindow(ctx context.Context, id data.WindowID, why string) error {
	return d.changeWindow(ctx, id, "window agreement withdrawn", why, func(w *data.Window) { w.Agreed = data.Approval{} })
}

func (d *Desk) changeWindow(ctx context.Context, id data.WindowID, verb, why string, edit func(*data.Window)) error {
	before, err := d.window(ctx, id)
	if err != nil {
		return err
	}
	w := before
	edit(&w)
	_, err = d.DB.SaveWindow(ctx, w, d.entry(verb, "window "+w.Name, why, change{before, w}))
	return err
}

// RemoveWindow removes a window. Undo brings it back under a new ID, agreed as
// it was.
func (d *Desk) RemoveWindow(ctx context.Context, id data.WindowID) (undo func(context.Context) error, err error) {
	w, err := d.window(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := d.DB.RemoveWindow(ctx, id, d.entry("window removed", "window "+w.Name, "", change{Before: w})); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		w.ID = 0
		_, err := d.DB.SaveWindow(ctx, w, d.entry("window restored", "window "+w.Name, "", change{After: w}))
		return err
	}, nil
}

func (d *Desk) window(ctx context.Context, id data.WindowID) (data.Window, error) {
	if id == 0 {
		return data.Window{}, nil
	}
	all, err := d.DB.Windows(ctx)
	if err != nil {
		return data.Window{}, err
	}
	for _, w := range all {
		if w.ID == id {
			return w, nil
		}
	}
	return data.Window{}, fmt.Errorf("window %d is not there any more", id)
}

// SaveFreeze adds f when its ID is 0, else changes it.
func (d *Desk) SaveFreeze(ctx context.Context, f data.Freeze) (data.FreezeID, error) {
	f.Name = strings.TrimSpace(f.Name)
	switch {
	case f.Name == "":
		return 0, errors.New("save freeze: the freeze has no name")
	case !f.Until.After(f.From) || f.From.IsZero():
		return 0, fmt.Errorf("save freeze %q: it must end after it begins", f.Name)
	}
	verb, c := "freeze added", change{After: f}
	if f.ID != 0 {
		before, err := d.freeze(ctx, f.ID)
		if err != nil {
			return 0, err
		}
		verb, c.Before = "freeze changed", before
	}
	return d.DB.SaveFreeze(ctx, f, d.entry(verb, "freeze "+f.Name, f.Reason, c))
}

// RemoveFreeze removes a freeze. Undo brings it back under a new ID.
func (d *Desk) RemoveFreeze(ctx context.Context, id data.FreezeID) (undo func(context.Context) error, err error) {
	f, err := d.freeze(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := d.DB.RemoveFreeze(ctx, id, d.entry("freeze removed", "freeze "+f.Name, "", change{Before: f})); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		f.ID = 0
		_, err := d.SaveFreeze(ctx, f)
		return err
	}, nil
}

func (d *Desk) freeze(ctx context.Context, id data.FreezeID) (data.Freeze, error) {
	all, err := d.DB.Freezes(ctx)
	if err != nil {
		return data.Freeze{}, err
	}
	for _, f := range all {
		if f.ID == id {
			return f, nil
		}
	}
	return data.Freeze{}, fmt.Errorf("freeze %d is not there any more", id)
}

// maxException is the longest an exception may last. It can be asked for again.
const maxException = 366 * 24 * time.Hour

// SaveException records a new exception, and judges its hosts anew. It is
// never anonymous, never without a reason and never for ever.
func (d *Desk) SaveException(ctx context.Context, e data.Exception) (data.ExceptionID, error) {
	now := d.Now().UTC()
	e.ID, e.Created, e.Withdrawn = 0, now, time.Time{}
	switch {
	case strings.TrimSpace(e.Reason) == "":
		return 0, errors.New("save exception: it has no reason")
	case strings.TrimSpace(e.RequestedBy) == "":
		return 0, errors.New("save exception: name the business owner who asks for it")
	case !e.Expires.After(now):
		return 0, errors.New("save exception: it needs a date in the future on which it expires")
	case e.Expires.Sub(now) > maxException:
		return 0, errors.New("save exception: it may last a year at most")
	}
	what, of, err := d.coverage(ctx, e)
	if err != nil {
		return 0, err
	}
	if err := d.expire(ctx, of); err != nil {
		return 0, err
	}
	id, err := d.DB.SaveException(ctx, e, d.entry("exception granted", what, e.Reason, change{After: e}))
	if err != nil {
		return 0, err
	}
	_, err = d.rejudge(ctx, of)
	return id, err
}

// WithdrawException ends an exception now. It stays in the records.
func (d *Desk) WithdrawException(ctx context.Context, id data.ExceptionID, why string) error {
	all, err := d.DB.Exceptions(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(e data.Exception) bool { return e.ID == id })
	if i < 0 {
		return fmt.Errorf("withdraw exception: exception %d is not there any more", id)
	}
	e := all[i]
	if !e.Withdrawn.IsZero() {
		return nil
	}
	before := e
	e.Withdrawn = d.Now().UTC()
	what, of, err := d.coverage(ctx, e)
	if err != nil {
		return err
	}
	if err := d.expire(ctx, of); err != nil {
		return err
	}
	if _, err := d.DB.SaveException(ctx, e, d.entry("exception withdrawn", what, why, change{before, e})); err != nil {
		return err
	}
	_, err = d.rejudge(ctx, of)
	return err
}

// coverage names what e excuses and the hosts it concerns.
func (d *Desk) coverage(ctx context.Context, e data.Exception) (what string, of []data.HostID, err error) {
	what = "every update"
	if e.Update != "" {
		what = e.Update
	}
	if e.Host != 0 {
		h, err := d.DB.Host(ctx, e.Host)
		if err != nil {
			return "", nil, err
		}
		return what + " on host " + h.Name, []data.HostID{e.Host}, nil
	}
	hosts, err := d.DB.Hosts(ctx)
	if err != nil {
		return "", nil, err
	}
	for _, h := range hosts {
		of = append(of, h.ID)
	}
	return what + " on every host", of, nil
}
