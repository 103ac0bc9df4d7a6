package wsman

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
)

// dishonest is what takes the place of a SOAP message.
func dishonest(kind XML, text []byte) []byte {
	switch kind {
	case XMLBomb:
		return []byte(billionLaughs())
	case XMLExternal:
		return []byte(`<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]>` +
			strings.Replace(string(text), "<s:Body>", "<s:Body>&x;", 1))
	case XMLDeep:
		const deep = 200_000
		return []byte(strings.Replace(string(text), "<s:Body>", "<s:Body>"+strings.Repeat("<d>", deep)+strings.Repeat("</d>", deep), 1))
	case XMLCut:
		return text[:len(text)/2]
	case XMLGarbage:
		b := make([]byte, 2000)
		rand.Read(b)
		return b
	case XMLEmpty:
		return []byte(`<s:Envelope xmlns:s="` + nsSOAP + `"/>`)
	case XMLHTML:
		return []byte("<html><body><p>Please log in<br></body></html>")
	}
	return text
}

// billionLaughs unfolds to 3 GB.
func billionLaughs() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "lol">`)
	name := "l0"
	for i := 1; i <= 9; i++ {
		next := "l" + string(rune('0'+i))
		b.WriteString("<!ENTITY " + next + ` "` + strings.Repeat("&"+name+";", 10) + `">`)
		name = next
	}
	b.WriteString(`]><s:Envelope xmlns:s="` + nsSOAP + `"><s:Body>&` + name + `;</s:Body></s:Envelope>`)
	return b.String()
}

// endless writes until the client hangs up.
func endless(w http.ResponseWriter, start []byte) {
	w.WriteHeader(http.StatusOK)
	w.Write(start)
	more := bytes.Repeat([]byte{'A'}, 64<<10)
	for {
		if _, err := w.Write(more); err != nil {
			abort()
		}
	}
}

// gzipBomb is 1 GiB of blanks, packed into about a megabyte: 1024 times the
// same member, which a reader of gzip takes for one stream.
var gzipBomb = sync.OnceValue(func() []byte {
	var one bytes.Buffer
	z := gzip.NewWriter(&one)
	z.Write(bytes.Repeat([]byte{' '}, 1<<20))
	z.Close()
	return bytes.Repeat(one.Bytes(), 1024)
})
