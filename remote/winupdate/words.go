package winupdate

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ErrTaskNeverStarted means that the task scheduler accepted the task and did
// not run it.
var ErrTaskNeverStarted = errors.New("the task scheduler did not start the task")

// meanings are the HRESULTs that people meet, from wuerror.h and winerror.h,
// with what to do.
var meanings = map[uint32]string{
	0x80070005: "access denied: a policy or the rights of SYSTEM",
	0x80070422: "the Windows Update service is disabled",
	0x8024002E: "policy forbids this host to use the update server",
	0x8024500C: "policy blocks the update service",
	0x80240438: "the update server cannot be reached",
	0x80072EE2: "the update server did not answer in time",
	0x80072EE7: "the name of the update server cannot be looked up",
	0x8024402C: "the name of the update server or proxy cannot be looked up",
	0x80072EFD: "no connection to the update server",
	0x80072F8F: "TLS with the update server does not work; the host's clock may be wrong",
	0x80244017: "the update server wants a login (401)",
	0x80244018: "the update server forbids it (403); look at the proxy",
	0x80244019: "the update server does not have the file (404); look at WSUS's content",
	0x8024401B: "the proxy wants a login",
	0x8024401C: "the update server timed out (408)",
	0x8024401F: "the update server has an internal error (500)",
	0x80244022: "the update server is overloaded (503); look at the WSUS pool",
	0x80244010: "the update server wants too many round trips; scan again",
	0x80240009: "another installation is running",
	0x80240016: "another installation is running, or a reboot is pending",
	0x8007045B: "the host is shutting down",
	0x8024001E: "the Windows Update service is stopping",
	0x8024000B: "cancelled on the host",
	0x80240017: "the update does not apply to this host",
	0x80240022: "all updates failed",
	0x80240034: "the download failed",
	0x80246007: "the update was not downloaded",
	0x80248007: "the update's data or its licence terms are missing",
	0x80242014: "a reboot is pending after an earlier update",
	0x8024200B: "the update's installer failed",
	0x80070643: "the update's installer failed; for WinRE updates the recovery partition is often too small",
	0x800F0922: "the update was rolled back; often the system or boot partition is too small",
	0x800F081F: "files that the update needs are missing: repair with DISM /RestoreHealth",
	0x80073712: "the component store is damaged: repair with DISM /RestoreHealth",
	0x800F0831: "an earlier update that this one builds on is missing from the component store",
	0x80070BC9: "a reboot is needed first",
	0x80070070: "the disk is full",
	0x8007000E: "not enough memory",
	0x80240032: "the search is not understood",
}

// namesCode is how .NET ends a message, or all of it: "Ausnahme von HRESULT:
// 0x80072EE2", "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"
var namesCode = regexp.MustCompile(`\(?[^().:]*HRESULT ?: ?0x([0-9A-Fa-f]{8})(?: \([A-Z_0-9]+\))?\)?$`)

// withoutCode leaves out of a message the code that is named beside it.
func withoutCode(message string, code uint32) string {
	m := namesCode.FindStringSubmatchIndex(message)
	if m == nil || !strings.EqualFold(message[m[2]:m[3]], fmt.Sprintf("%08X", code)) {
		return message
	}
	return strings.TrimSpace(message[:m[0]])
}

// withCode joins what Windows says with what its code means: "the disk is full
// (0x80070070)". The meaning stands first: Windows' own text is in its language.
func withCode(message, code string) string {
	code = clip(code)
	n, err := strconv.ParseUint(strings.TrimPrefix(code, "0x"), 16, 32)
	if err != nil {
		return strings.TrimSpace(clip(message) + " " + code)
	}
	text, message := meanings[uint32(n)], withoutCode(clip(message), uint32(n))
	switch {
	case text == "":
		text = message
	case message != "":
		text += ": " + message
	}
	return strings.TrimSpace(fmt.Sprintf("%s (0x%08X)", text, n))
}
