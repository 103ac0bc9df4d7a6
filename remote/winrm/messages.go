package winrm

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"

	"secondtuesday/remote"
)

// The library asks for a console as standard input, with which Windows
// PowerShell would wait for a person.
var console = strings.NewReplacer(
	`Name="WINRS_CONSOLEMODE_STDIN">TRUE<`, `Name="WINRS_CONSOLEMODE_STDIN">FALSE<`,
)

// maxEnvelope is what an answer may have, in bytes: the default of Windows 7
// and Server 2008 R2; later ones allow 500 KiB.
const maxEnvelope = 153600

// parameters of messages; patience as XML's duration.
func (l *line) parameters() *winrm.Parameters {
	return winrm.NewParameters(fmt.Sprintf("PT%.3fS", l.config.Patience.Seconds()), "en-US", maxEnvelope)
}

func text(m *soap.SoapMessage) string { return console.Replace(m.String()) }

func (l *line) createShell() string {
	return text(winrm.NewOpenShellRequest(l.target.url(), l.parameters()))
}

func (l *line) deleteShell(shell string) string {
	return text(winrm.NewDeleteShellRequest(l.target.url(), shell, l.parameters()))
}

// command must not hold "]]>": it stands in CDATA. It is a constant.
func (l *line) command(shell, command string) string {
	return text(winrm.NewExecuteCommandRequest(l.target.url(), shell, command, nil, l.parameters()))
}

func (l *line) send(shell, command string, input []byte, last bool) string {
	return text(winrm.NewSendInputRequest(l.target.url(), shell, command, input, last, l.parameters()))
}

func (l *line) receive(shell, command string) string {
	return text(winrm.NewGetOutputRequest(l.target.url(), shell, command, "stdout stderr", l.parameters()))
}

func (l *line) signal(shell, command string) string {
	return text(winrm.NewSignalRequest(l.target.url(), shell, command, l.parameters()))
}

// An envelope is any answer of WS-Management that we ask for. Names are
// compared without their namespaces: the prefix and the version of a schema
// differ between releases of Windows, the names do not.
type envelope struct {
	XMLName xml.Name
	Header  struct {
		Action    string `xml:"Action"`
		RelatesTo string `xml:"RelatesTo"`
	} `xml:"Header"`
	Body struct {
		Fault *struct {
			Subcode string `xml:"Code>Subcode>Value"`
			Reason  string `xml:"Reason>Text"`
			Detail  struct {
				Inner struct {
					Code    uint32 `xml:"Code,attr"`
					Message struct {
						Text string `xml:",innerxml"`
					} `xml:"Message"`
				} `xml:"WSManFault"`
			} `xml:"Detail"`
		} `xml:"Fault"`
		Shell   string `xml:"Shell>ShellId"`
		Created []struct {
			Name  string `xml:"Name,attr"`
			Value string `xml:",chardata"`
		} `xml:"ResourceCreated>ReferenceParameters>SelectorSet>Selector"`
		Command string   `xml:"CommandResponse>CommandId"`
		Output  *receipt `xml:"ReceiveResponse"`
	} `xml:"Body"`
}

// A receipt is the answer to Receive.
type receipt struct {
	Streams []struct {
		Name    string `xml:"Name,attr"`
		Command string `xml:"CommandId,attr"`
		Text    string `xml:",chardata"`
	} `xml:"Stream"`
	State struct {
		Command string `xml:"CommandId,attr"`
		State   string `xml:"State,attr"`
		Exit    *int64 `xml:"ExitCode"`
	} `xml:"CommandState"`
}

// <a:MessageID>uuid:6b29fc40-ca47-1067-b31d-00dd010662da</a:MessageID>
var messageID = regexp.MustCompile(`MessageID>(uuid:[0-9a-f-]+)<`)

// <a:Action mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive</a:Action>
var action = regexp.MustCompile(`Action[^>]*>[^<]*/([A-Za-z]+)<`)

// actionOf names the kind of a message: "Create", "Command", "Receive".
func actionOf(message string) string {
	if m := action.FindStringSubmatch(message); m != nil {
		return m[1]
	}
	return ""
}

// parse reads the answer to a message. A fault is a *Fault.
func parse(message string, status int, body []byte) (*envelope, error) {
	var e envelope
	if err := xml.Unmarshal(body, &e); err != nil || e.XMLName.Local != "Envelope" {
		return nil, fmt.Errorf("%w: HTTP status %d and no WS-Management message", remote.ErrGarbage, status)
	}
	if id := messageID.FindStringSubmatch(message); id == nil || !strings.EqualFold(strings.TrimSpace(e.Header.RelatesTo), id[1]) {
		return nil, fmt.Errorf("%w: the answer is not to our message", remote.ErrGarbage)
	}
	if f := e.Body.Fault; f != nil {
		_, sub, _ := strings.Cut(f.Subcode, ":")
		return nil, &Fault{Code: f.Detail.Inner.Code, Subcode: strings.TrimSpace(sub), Reason: oneLine(f.Reason)}
	}
	if status != 200 {
		return nil, fmt.Errorf("%w: HTTP status %d and no fault", remote.ErrGarbage, status)
	}
	return &e, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(remote.CleanText(s)), " ") }

// shell returns the new shell's ID.
func (e *envelope) shell() (string, error) {
	id := e.Body.Shell
	for _, s := range e.Body.Created {
		if id == "" && s.Name == "ShellId" {
			id = s.Value
		}
	}
	return id, checkID(id, "a shell")
}

func (e *envelope) command() (string, error) {
	return e.Body.Command, checkID(e.Body.Command, "a command")
}

// checkID lets nothing but an ID into the next message.
// 11111111-0000-0000-0000-000000000001
func checkID(id, of string) error {
	if len(id) < 8 || len(id) > 64 || strings.Trim(strings.ToLower(id), "0123456789abcdef-{}") != "" {
		return fmt.Errorf("%w: the ID of %s is %q", remote.ErrGarbage, of, remote.CleanText(id))
	}
	return nil
}

// streams passes what a command printed to put, and says whether the command
// has ended, with its exit status.
func (e *envelope) streams(command string, put func(name string, b []byte) error) (done bool, exit int, err error) {
	r := e.Body.Output
	if r == nil {
		return false, 0, fmt.Errorf("%w: no answer to Receive", remote.ErrGarbage)
	}
	for _, s := range r.Streams {
		if !strings.EqualFold(s.Command, command) {
			return false, 0, fmt.Errorf("%w: output of another command", remote.ErrGarbage)
		}
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s.Text), ""))
		if err != nil {
			return false, 0, fmt.Errorf("%w: output is not base64", remote.ErrGarbage)
		}
		if err := put(s.Name, b); err != nil {
			return false, 0, err
		}
	}
	if !strings.HasSuffix(r.State.State, "/CommandState/Done") {
		return false, 0, nil
	}
	if !strings.EqualFold(r.State.Command, command) || r.State.Exit == nil {
		return false, 0, fmt.Errorf("%w: a command ended, but not how", remote.ErrGarbage)
	}
	return true, int(int32(*r.State.Exit)), nil // 4294967295 is -1
}

// A Fault is a refusal that WS-Management words itself: WSManFault of MS-WSMV.
type Fault struct {
	Code    uint32 // an HRESULT or one of WinRM's own codes; 0: not told
	Subcode string // of SOAP, without prefix: "TimedOut", "AccessDenied", "QuotaLimit"
	Reason  string // in the host's words, one line
}

func (f *Fault) Error() string {
	return fmt.Sprintf("WinRM fault %d (0x%08X) %s: %s", f.Code, f.Code, f.Subcode, f.Reason)
}

// Codes of faults, from WinRM's message table.
const (
	faultAccessDenied = 5
	faultTimedOut     = 2150858793 // nothing to tell yet
	faultNoShell      = 2150858843
	faultKeyDeleted   = 2147943418 // a logoff was under way
	faultTooLong      = 2147942606 // command line
)

func isFault(err error, codes ...uint32) bool {
	var f *Fault
	if !errors.As(err, &f) {
		return false
	}
	for _, c := range codes {
		if f.Code == c {
			return true
		}
	}
	return false
}

// kind gives a fault its kind.
func kind(err error) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	switch {
	case f.Code == faultAccessDenied || f.Subcode == "AccessDenied":
		return fmt.Errorf("%w: %w", remote.ErrNotAdmin, err)
	case f.Subcode == "QuotaLimit":
		return fmt.Errorf("%w: %w", remote.ErrQuota, err)
	}
	return err
}
