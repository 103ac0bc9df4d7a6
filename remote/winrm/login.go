package winrm

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bodgit/ntlmssp"

	"secondtuesday/data"
	"secondtuesday/remote"
)

const soapType = "application/soap+xml;charset=UTF-8"

// logIn opens a line and logs in on it, by the one way that the host's entry in
// the inventory names: nothing that the host says leads to another.
func (d *Dialer) logIn(ctx context.Context, t target) (*line, error) {
	l, err := d.open(ctx, t)
	if err != nil {
		return nil, err
	}
	leave, err := d.wrong.enter(ctx, t)
	if err != nil {
		l.close()
		return nil, err
	}
	switch t.auth {
	case data.AuthBasic:
		err = l.loginBasic(ctx)
	case data.AuthKerberos:
		err = l.loginKerberos(ctx)
	default:
		err = l.loginNTLM(ctx)
	}
	leave(err)
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// insecure tells of a host that would have us send secrets in the clear.
func insecure(format string, args ...any) error {
	return fmt.Errorf("%w: %s", remote.ErrInsecure, fmt.Sprintf(format, args...))
}

// loginBasic is only ever called inside verified TLS.
func (l *line) loginBasic(ctx context.Context) error {
	if l.leaf == nil {
		return insecure("Basic is for HTTPS only")
	}
	l.basic = "Basic " + base64.StdEncoding.EncodeToString([]byte(l.target.account()+":"+l.target.secret.Reveal()))
	a, err := l.exchange(ctx, l.config.AnswerTimeout, l.basic, soapType, nil)
	if err != nil {
		return err
	}
	return l.accepted(a, "Basic")
}

// accepted reads the host's answer to a credential.
func (l *line) accepted(a answer, way string) error {
	switch a.status {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		if way == "Basic" && len(a.offers()) > 0 && !hasOffer(a, way) {
			return l.refused(causeNoBasic, fmt.Sprintf("the host does not take Basic, only %s", strings.Join(a.offers(), ", ")))
		}
		return l.refused(causeUntold, l.untold(way))
	case http.StatusNotFound:
		return fmt.Errorf("%w: the port answers, but there is no WinRM at /wsman", remote.ErrGarbage)
	}
	return fmt.Errorf("%w: the host answered the login with HTTP status %d", remote.ErrGarbage, a.status)
}

func hasOffer(a answer, name string) bool {
	for _, o := range a.offers() {
		if strings.EqualFold(o, name) {
			return true
		}
	}
	return false
}

// loginNTLM logs in by NTLMv2. Over HTTP all further messages are sealed with
// the keys of the login; over HTTPS TLS does that, and the login is bound to
// the certificate.
func (l *line) loginNTLM(ctx context.Context) error {
	client, err := ntlmssp.NewClient(
		ntlmssp.SetUserInfo(l.target.user, l.target.secret.Reveal()),
		ntlmssp.SetDomain(l.target.domain), ntlmssp.SetVersion(ntlmssp.DefaultVersion()))
	if err != nil {
		return err
	}
	hello, err := client.Authenticate(nil, nil)
	if err != nil {
		return err
	}
	a, err := l.negotiate(ctx, hello)
	if err != nil {
		return err
	}
	challenge, err := l.challenge(a)
	if err != nil {
		return err
	}
	proof, err := answerTo(client, challenge, l.binding())
	if err != nil {
		return err
	}
	if a, err = l.negotiate(ctx, proof); err != nil {
		return err
	}
	if err := l.accepted(a, "NTLM"); err != nil {
		return err
	}
	if l.broken {
		return fmt.Errorf("%w: the host closed the connection after the login", remote.ErrLost)
	}
	if l.leaf == nil {
		if l.seal = client.SecuritySession(); l.seal == nil {
			return insecure("the login brought no keys to seal messages with")
		}
	}
	return nil
}

// negotiate sends one token of NTLM.
func (l *line) negotiate(ctx context.Context, token []byte) (answer, error) {
	return l.exchange(ctx, l.config.AnswerTimeout, "Negotiate "+base64.StdEncoding.EncodeToString(token), soapType, nil)
}

// challenge returns the host's NTLM challenge, once it is one that lets
// messages be sealed.
func (l *line) challenge(a answer) ([]byte, error) {
	switch {
	case a.status == http.StatusNotFound:
		return nil, l.accepted(a, "NTLM")
	case a.status != http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: the host answered the login with HTTP status %d", remote.ErrGarbage, a.status)
	case !hasOffer(a, "Negotiate"):
		return nil, insecure("the host does not offer Negotiate, only %s; the password was not sent", strings.Join(a.offers(), ", "))
	case l.broken:
		return nil, fmt.Errorf("%w: the host closed the connection during the login", remote.ErrLost)
	}
	for _, h := range a.header.Values("WWW-Authenticate") {
		name, value, _ := strings.Cut(h, " ")
		if !strings.EqualFold(name, "Negotiate") || value == "" {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("%w: the answer to Negotiate is not base64", remote.ErrGarbage)
		}
		return b, l.checkChallenge(b)
	}
	return nil, l.refused(causeNoNTLM, "the host offers Negotiate, but not NTLM: it may want Kerberos")
}

// binding ties the login to the TLS connection, so that nobody in between can
// pass it on: RFC 5929, tls-server-end-point.
func (l *line) binding() *ntlmssp.ChannelBindings {
	if l.leaf == nil {
		return nil
	}
	return &ntlmssp.ChannelBindings{ApplicationData: l.bindingData()}
}

func (l *line) bindingData() []byte { return append([]byte("tls-server-end-point:"), l.leaf...) }

// endPoint returns the hash of a certificate that RFC 5929 asks for: by the
// hash of its signature, but SHA-256 for MD5 and SHA-1.
func endPoint(c *x509.Certificate) []byte {
	hash := crypto.SHA256
	switch c.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	}
	switch hash {
	case crypto.SHA384:
		sum := sha512.Sum384(c.Raw)
		return sum[:]
	case crypto.SHA512:
		sum := sha512.Sum512(c.Raw)
		return sum[:]
	}
	sum := sha256.Sum256(c.Raw)
	return sum[:]
}

var errUnsealed = errors.New("the host answered a sealed message in the clear")
