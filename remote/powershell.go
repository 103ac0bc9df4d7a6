package remote

import (
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"
)

// PowerShellLine returns the command line that runs a script in Windows
// PowerShell. It holds no character that cmd.exe knows.
func PowerShellLine(script string) string {
	return "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand " + encoded(script)
}

// encoded returns a script as -EncodedCommand wants it: UTF-16LE in base64.
func encoded(script string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(script)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return base64.StdEncoding.EncodeToString(b)
}
