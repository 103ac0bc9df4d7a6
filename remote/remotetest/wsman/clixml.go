package wsman

import (
	"encoding/xml"
	"strings"
)

// progressRecord is what powershell.exe writes on a standard error that is no
// console, before anything has gone wrong.
const progressRecord = "#< CLIXML\r\n" +
	`<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj S="progress" RefId="0">` +
	`<TN RefId="0"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN><MS><I64 N="SourceId">1</I64>` +
	`<PR N="Record"><AV>Preparing modules for first use.</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR>` +
	`<SD> </SD></PR></MS></Obj></Objs>`

// CLIXMLErrors is what powershell.exe writes on a standard error that is no
// console where errors have gone there: one element a line.
func CLIXMLErrors(lines ...string) string {
	var b strings.Builder
	b.WriteString("#< CLIXML\r\n" + `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">`)
	for _, l := range lines {
		b.WriteString(`<S S="Error">`)
		xml.EscapeText(&b, []byte(l))
		b.WriteString(`_x000D__x000A_</S>`)
	}
	b.WriteString(`</Objs>`)
	return b.String()
}
