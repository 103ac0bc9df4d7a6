package wsman

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// An Authority signs certificates for servers.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns a new authority, which nobody trusts yet.
func NewAuthority() *Authority {
	t := template("Practice Root CA")
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	t.ExtKeyUsage = nil
	c, key := sign(t, nil, nil)
	return &Authority{cert: c, key: key}
}

// PEM returns the authority's own certificate, for a client to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Issue returns a certificate for names and addresses; without any, for
// 127.0.0.1 and localhost.
func (a *Authority) Issue(names ...string) tls.Certificate {
	c, key := sign(template(names...), a.cert, a.key)
	return tls.Certificate{Certificate: [][]byte{c.Raw, a.cert.Raw}, PrivateKey: key, Leaf: c}
}

// IssueExpired returns a certificate that ended a day ago.
func (a *Authority) IssueExpired(names ...string) tls.Certificate {
	t := template(names...)
	t.NotBefore, t.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, -1)
	c, key := sign(t, a.cert, a.key)
	return tls.Certificate{Certificate: [][]byte{c.Raw, a.cert.Raw}, PrivateKey: key, Leaf: c}
}

// NewCertificate returns a self-signed certificate for names and addresses;
// without any, for 127.0.0.1 and localhost.
func NewCertificate(names ...string) tls.Certificate {
	c, key := sign(template(names...), nil, nil)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

func template(names ...string) *x509.Certificate {
	if len(names) == 0 {
		names = []string{"localhost", "127.0.0.1"}
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	return t
}

// sign signs t by the parent, or by itself where there is none.
func sign(t, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	if parent == nil {
		parent, by = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, by)
	if err != nil {
		panic(err) // the templates above are complete
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err) // it was made just now
	}
	return c, key
}

// withLeaf returns c with its leaf parsed.
func withLeaf(c tls.Certificate) tls.Certificate {
	if c.Leaf == nil && len(c.Certificate) > 0 {
		c.Leaf, _ = x509.ParseCertificate(c.Certificate[0])
	}
	return c
}

// endPoint is the channel binding of RFC 5929, section 4.1: the hash of the
// server's certificate by the hash of its signature, or SHA-256 for old ones.
func endPoint(c *x509.Certificate) []byte {
	const prefix = "tls-server-end-point:"
	switch c.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		h := sha512.Sum384(c.Raw)
		return append([]byte(prefix), h[:]...)
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		h := sha512.Sum512(c.Raw)
		return append([]byte(prefix), h[:]...)
	}
	h := sha256.Sum256(c.Raw)
	return append([]byte(prefix), h[:]...)
}
