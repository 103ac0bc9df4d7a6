package winrm

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"secondtuesday/remote"
)

func TestAnswerIsBelievedOnlyForItsOwnCommand(t *testing.T) {
	const mine, other = "11111111-0000-0000-0000-000000000001", "22222222-0000-0000-0000-000000000002"
	receive := func(body string) (bool, int, error) {
		e, err := parse("<a:MessageID>uuid:1<", 200, []byte(`<s:Envelope xmlns:s="x"><s:Header><RelatesTo>uuid:1</RelatesTo></s:Header><s:Body>`+body+`</s:Body></s:Envelope>`))
		if err != nil {
			t.Fatal(err)
		}
		return e.streams(mine, func(string, []byte) error { return nil })
	}
	state := func(of, exit string) string {
		return `<ReceiveResponse><CommandState CommandId="` + of + `" State="http://x/CommandState/Done">` + exit + `</CommandState></ReceiveResponse>`
	}
	stream := func(of, text string) string {
		return `<ReceiveResponse><Stream Name="stdout" CommandId="` + of + `">` + text + `</Stream></ReceiveResponse>`
	}
	for name, body := range map[string]string{
		"output of another": stream(other, "eA=="), "no base64": stream(mine, "e%"), "the end of another": state(other, "<ExitCode>0</ExitCode>"),
		"an end without a status": state(mine, ""), "no answer to Receive": "",
	} {
		if _, _, err := receive(body); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if done, exit, err := receive(state(mine, "<ExitCode>4294967295</ExitCode>")); !done || exit != -1 || err != nil {
		t.Errorf("got %v, %d, %v", done, exit, err)
	}
	for _, id := range []string{"", "1111111", mine + mine, `11111111"/><x a="`} {
		if checkID(id, "a shell") == nil {
			t.Errorf("%q is an ID", id)
		}
	}
}

func TestWhatIsPrintedIsReadWhole(t *testing.T) {
	answer := "<<ST1:" + base64.StdEncoding.EncodeToString([]byte(`{"ok":true,"out":"x"}`)) + ":ST1>>"
	for printed, want := range map[string]error{
		answer: nil, "noise" + answer + "noise": nil, answer + answer: remote.ErrGarbage, answer[:20]: remote.ErrGarbage, "": remote.ErrGarbage,
		"<<ST1:%:ST1>>": remote.ErrGarbage, "<<ST1:eA==:ST1>>": remote.ErrGarbage, "<<ST1!ConstrainedLanguage!ST1>>": remote.ErrConstrained,
	} {
		k := &keeper{}
		k.put("stdout", []byte(printed))
		if out, err := k.result(0); !errors.Is(err, want) || err == nil && string(out.Stdout) != "x" {
			t.Errorf("%q: %q, %v", printed, out.Stdout, err)
		}
	}
	k := &keeper{}
	k.put("stderr", []byte("#< CLIXML\r\n<Objs><S S=\"Error\">one_x000D__x000A_</S><S S=\"verbose\">no</S><S S=\"Error\">two_x000D__x000A_</S></Objs>"))
	if out, _ := k.result(1); string(out.Stderr) != "one\ntwo\n" {
		t.Errorf("complaints: %q", out.Stderr)
	}
	for _, c := range []remote.Command{{Script: "a\x00"}, {Script: "a\xff"}, {Script: "a", Args: []string{"\x00"}}} {
		if _, err := payload(c); err == nil {
			t.Errorf("%+v is sent", c)
		}
	}
}

func TestUserIsTakenApart(t *testing.T) {
	for name, want := range map[string][2]string{`CORP\anna`: {"anna", "CORP"}, `.\admin`: {"admin", ""}, "admin": {"admin", ""}, "anna@corp.example": {"anna@corp.example", ""}} {
		if user, domain := splitUser(name); user != want[0] || domain != want[1] {
			t.Errorf("%s: %q of %q", name, user, domain)
		}
	}
}

func FuzzAnswersNeitherPanicNorLie(f *testing.F) {
	f.Add([]byte(`<s:Envelope xmlns:s="x"><s:Header/><s:Body><ReceiveResponse><Stream Name="stdout" CommandId="1">eA==</Stream></ReceiveResponse></s:Body></s:Envelope>`), []byte("#< CLIXML\r\n<Objs><S S=\"Error\">a_x000D__x000A_</S></Objs>"))
	f.Fuzz(func(t *testing.T, body, printed []byte) {
		if e, err := parse("<a:MessageID>uuid:1<", 200, body); err == nil {
			e.shell()
			e.command()
			e.streams("1", func(string, []byte) error { return nil })
		}
		k := &keeper{}
		k.put("stdout", printed)
		k.put("stderr", printed)
		if _, err := k.result(0); err == nil && !bytes.Contains(printed, []byte("<<ST1:")) {
			t.Error("an answer without markers is believed")
		}
		l := &line{target: target{}, config: Config{}.withDefaults()}
		l.unwrap(answer{status: 200, header: map[string][]string{"Content-Type": {sealedType}}, body: body})
		l.challenge(answer{status: 401, header: map[string][]string{"Www-Authenticate": {"Negotiate " + base64.StdEncoding.EncodeToString(body)}}})
	})
}
