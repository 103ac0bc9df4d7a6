package wsman

import "time"

// Faults are what a server does wrong. They hold from the next connection,
// login or message on, whichever they are about. Those with a number happen so
// many times and are over then.
type Faults struct {
	// The line.
	Drop   int  // close this many new connections before the first byte
	Silent bool // accept and never answer

	// The login.
	RefuseLogin bool   // whatever the credential
	BasicOnly   bool   // offer Basic and nothing else
	NoSeal      bool   // take sealing out of the NTLM challenge, as a man in the middle does
	NoSign      bool   // take signing and the exchange of keys out of it too
	BusyLogin   bool   // answer every request without a message by 503
	Challenge   []byte // sent as the NTLM challenge

	// The replies.
	Status         int       // answer every message by this HTTP status and a page of HTML
	PlainReply     bool      // answer sealed messages in clear
	Multipart      Multipart // answer sealed messages by this kind of nonsense
	WrongSignature bool      // sign replies wrongly
	Replay         bool      // answer by the first sealed reply of the server's life, again and again
	Endless        bool      // a reply without an end
	GzipBomb       bool      // a small reply that unpacks to 1 GiB, asked for or not
	XML            XML       // this in place of the SOAP message, properly sealed
	OtherMessage   bool      // say that the reply relates to another message
	OtherCommand   bool      // say that streams and states belong to another command

	// Windows.
	Slow          time.Duration // before the first output of every command can be fetched
	SilentReceive bool          // never answer a Receive
	SilentDelete  bool          // never answer a Delete, nor perform it
	HastyReceive  bool          // answer every Receive at once that there is nothing yet
	ResetCommand  int           // reset the line in place of answering this many Commands, which run
	ResetReceive  int           // reset the line in place of answering this many Receives
	VanishReceive int           // delete the shell in place of answering this many Receives
	LastReceive   bool          // the reply that ends a command is the last of its line: "Connection: close"
	Chunk         int           // hand out at most this many bytes of a stream at a time, in mid character too; 0: 32 KiB
	CLIXML        bool          // write a progress record on standard error before every command's own
	KeyDeleted    int           // fail this many Creates and Commands by "registry key marked for deletion"
	CreateFault   uint32        // fail every Create by this code
}

// Multipart is a malformed multipart/encrypted body.
type Multipart int

// The malformed bodies.
const (
	MultipartGood        Multipart = iota
	MultipartNoPayload             // the first part only
	MultipartNoEnd                 // the last boundary is missing
	MultipartEmpty                 // the payload has no bytes
	MultipartShort                 // the payload has two bytes
	MultipartZeroLength            // the signature is said to be 0 bytes long, and the message follows in clear
	MultipartHugeLength            // the signature is said to be 4 GiB long
	MultipartWrongLength           // Length= is not the message's
	MultipartNoBoundary            // the header names no boundary
	MultipartOnlyEnd               // the last boundary comes first
	MultipartNoBody                // nothing after the headers
)

// Multiparts are the malformed ones.
var Multiparts = []Multipart{
	MultipartNoPayload, MultipartNoEnd, MultipartEmpty, MultipartShort, MultipartZeroLength, MultipartHugeLength,
	MultipartWrongLength, MultipartNoBoundary, MultipartOnlyEnd, MultipartNoBody,
}

// XML is a body that is no honest SOAP message.
type XML int

// The bodies.
const (
	XMLGood     XML = iota
	XMLBomb         // entities that unfold to 3 GB
	XMLExternal     // an entity that names a file of the reader
	XMLDeep         // 200,000 elements within each other
	XMLCut          // the first half of the message
	XMLGarbage      // random bytes
	XMLEmpty        // an envelope with nothing in it
	XMLHTML         // a page
)

// XMLs are the dishonest ones.
var XMLs = []XML{XMLBomb, XMLExternal, XMLDeep, XMLCut, XMLGarbage, XMLEmpty, XMLHTML}
