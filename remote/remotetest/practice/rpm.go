package practice

import "secondtuesday/remote/remotetest/practice/unix"

const rpmLock = "/var/lib/rpm/.rpm.lock"

func (h *Host) rpmFiles()                                {}
func (h *Host) rpmCommands(c map[string]unix.Command)    {}
func (h *Host) dnfCommands(c map[string]unix.Command)    {}
func (h *Host) zypperCommands(c map[string]unix.Command) {}
