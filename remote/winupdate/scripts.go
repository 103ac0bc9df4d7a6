package winupdate

import "secondtuesday/remote"

// TaskLine is the command line of the tasks that start.ps1 registers: constant.
// Its first word stands in start.ps1.
func TaskLine() string {
	return remote.PowerShellLine(loadScript)
}

// Scripts returns the scripts that a session runs, by name, for those who list
// them and for hosts that play them without PowerShell.
func Scripts() map[string]string {
	return map[string]string{
		"start": startScript, "look": lookScript, "cancel": cancelScript, "forget": forgetScript,
		"alive": aliveScript, "reboot": rebootScript, "check": checkScript, "rights": rightsScript,
		"load": loadScript, "task": taskScript,
	}
}
