package wsman

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The name spaces of messages.
const (
	nsSOAP     = "http://www.w3.org/2003/05/soap-envelope"
	nsAddress  = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
	nsTransfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
	nsWSMan    = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
	nsShell    = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	nsFault    = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
	anonymous  = nsAddress + "/role/anonymous"
	shellCmd   = nsShell + "/cmd"
)

// The actions.
const (
	actionCreate  = nsTransfer + "/Create"
	actionDelete  = nsTransfer + "/Delete"
	actionCommand = nsShell + "/Command"
	actionSend    = nsShell + "/Send"
	actionReceive = nsShell + "/Receive"
	actionSignal  = nsShell + "/Signal"
	actionFault   = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
)

// An envelope is a message of a client. The name spaces are part of the tags:
// a message that has another is not understood.
type envelope struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  header   `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body    body     `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

type header struct {
	Action      string     `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing Action"`
	MessageID   string     `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing MessageID"`
	To          string     `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing To"`
	ReplyTo     []string   `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing ReplyTo>Address"`
	ResourceURI string     `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd ResourceURI"`
	Timeout     string     `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OperationTimeout"`
	MaxEnvelope int        `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd MaxEnvelopeSize"`
	Selectors   []namedSet `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd SelectorSet>Selector"`
	Options     []namedSet `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OptionSet>Option"`
}

type namedSet struct {
	Name  string `xml:"Name,attr"`
	Value string `xml:",chardata"`
}

type body struct {
	Shell struct {
		Input  string `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell InputStreams"`
		Output string `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell OutputStreams"`
	} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Shell"`
	Line struct {
		Command   string   `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Command"`
		Arguments []string `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Arguments"`
	} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell CommandLine"`
	Receive struct {
		Desired struct {
			Command string `xml:"CommandId,attr"`
			Streams string `xml:",chardata"`
		} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell DesiredStream"`
	} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Receive"`
	Send struct {
		Streams []sent `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Stream"`
	} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Send"`
	Signal struct {
		Command string `xml:"CommandId,attr"`
		Code    string `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Code"`
	} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Signal"`
}

type sent struct {
	Name    string `xml:"Name,attr"`
	Command string `xml:"CommandId,attr"`
	End     string `xml:"End,attr"`
	Base64  string `xml:",chardata"`
}

// last says whether this is the end of the stream.
func (p sent) last() bool { return p.End == "1" || strings.EqualFold(p.End, "true") }

// parseEnvelope reads a message. Go's reader unfolds no entities but XML's own;
// a document type is refused, as SOAP 1.2 asks.
func parseEnvelope(text []byte) (*envelope, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(name string, r io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the message is in %q, not in UTF-8", name)
	}
	var e envelope
	if bytes.Contains(text, []byte("<!DOCTYPE")) {
		return nil, errors.New("read message: it has a document type")
	}
	if err := d.Decode(&e); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	if e.Header.Action == "" || e.Header.MessageID == "" {
		return nil, errors.New("read message: no action or no message id")
	}
	return &e, nil
}

func named(set []namedSet, name string) string {
	for _, x := range set {
		if x.Name == name {
			return strings.TrimSpace(x.Value)
		}
	}
	return ""
}

// PT20S, PT60.000S, PT1M30S, P0DT0H1M0.5S
var isoDuration = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,9})?)S)?)?$`)

// timeout is how long an operation may wait; 60 s where the message says
// nothing sensible, as Windows has it.
func (h *header) timeout() time.Duration {
	const usual, most = 60 * time.Second, 30 * time.Minute // MaxTimeoutms
	m := isoDuration.FindStringSubmatch(strings.TrimSpace(h.Timeout))
	if m == nil {
		return usual
	}
	seconds := 0.0
	for i, unit := range []float64{24 * 3600, 3600, 60, 1} {
		if m[i+1] != "" {
			v, _ := strconv.ParseFloat(m[i+1], 64) // the pattern has checked it
			seconds += v * unit
		}
	}
	if seconds <= 0 {
		return usual
	}
	return min(time.Duration(seconds*float64(time.Second)), most)
}

// A wrapper writes the messages that answer one of a client's.
type wrapper struct {
	id        string // of this answer
	relatesTo string
}

// wrap writes a message around a body that is XML already.
func (w wrapper) wrap(status int, action, body string) answer {
	return answer{status: status, text: []byte(`<s:Envelope xml:lang="en-US" xmlns:s="` + nsSOAP + `" xmlns:a="` + nsAddress +
		`" xmlns:x="` + nsTransfer + `" xmlns:w="` + nsWSMan + `" xmlns:rsp="` + nsShell +
		`" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header><a:Action>` + action +
		`</a:Action><a:MessageID>uuid:` + w.id + `</a:MessageID><a:To>` + anonymous + `</a:To><a:RelatesTo>` +
		escape(w.relatesTo) + `</a:RelatesTo></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`)}
}

func (w wrapper) created(id string) answer {
	return w.wrap(200, nsTransfer+"/CreateResponse", `<x:ResourceCreated><a:Address>`+anonymous+
		`</a:Address><a:ReferenceParameters><w:ResourceURI>`+shellCmd+`</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">`+id+
		`</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>`+id+
		`</rsp:ShellId><rsp:ResourceUri>`+shellCmd+`</rsp:ResourceUri><rsp:InputStreams>stdin</rsp:InputStreams>`+
		`<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>`)
}

func (w wrapper) started(command string) answer {
	return w.wrap(200, nsShell+"/CommandResponse",
		`<rsp:CommandResponse><rsp:CommandId>`+command+`</rsp:CommandId></rsp:CommandResponse>`)
}

// output answers a Receive.
func (w wrapper) output(command string, o output) answer {
	var b strings.Builder
	b.WriteString(`<rsp:ReceiveResponse>`)
	stream := func(name string, data []byte) {
		if len(data) > 0 {
			fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s">%s</rsp:Stream>`, name, command, base64.StdEncoding.EncodeToString(data))
		}
		if o.done {
			fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s" End="true"></rsp:Stream>`, name, command)
		}
	}
	stream("stdout", o.stdout)
	stream("stderr", o.stderr)
	state, exit := "Running", ""
	if o.done {
		state, exit = "Done", fmt.Sprintf("<rsp:ExitCode>%d</rsp:ExitCode>", o.exit)
	}
	fmt.Fprintf(&b, `<rsp:CommandState CommandId="%s" State="%s/CommandState/%s">%s</rsp:CommandState></rsp:ReceiveResponse>`,
		command, nsShell, state, exit)
	return w.wrap(200, nsShell+"/ReceiveResponse", b.String())
}

// A fault is why an operation was not done.
type fault struct {
	code    uint32
	sender  bool // the client's mistake
	subcode string
	text    string
}

func (w wrapper) fault(f fault) answer {
	blame := "s:Receiver"
	if f.sender {
		blame = "s:Sender"
	}
	return w.wrap(500, actionFault, fmt.Sprintf(`<s:Fault><s:Code><s:Value>%s</s:Value><s:Subcode><s:Value>w:%s</s:Value></s:Subcode></s:Code>`+
		`<s:Reason><s:Text xml:lang="en-US">%s</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="%s" Code="%d" Machine="127.0.0.1">`+
		`<f:Message>%s</f:Message></f:WSManFault></s:Detail></s:Fault>`, blame, f.subcode, escape(f.text), nsFault, f.code, escape(f.text)))
}

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s))
	return b.String()
}
