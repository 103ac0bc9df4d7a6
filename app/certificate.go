package app

import (
	"encoding/json"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// evidenceCertificate is the name of the evidence that holds a certificate.
const evidenceCertificate = "certificate of the host"

// certificateSoon is how long before its end a certificate is warned of.
const certificateSoon = 30 * 24 * time.Hour

// certificateEvidence keeps with a scan what certificate its session was shown.
func certificateEvidence(s remote.Session) []data.Evidence {
	id := remote.IdentityOf(s)
	if id.Certificate == nil {
		return nil
	}
	b, err := json.Marshal(certificateOf(id))
	if err != nil {
		return nil // texts and times can be marshalled, but for a year beyond 9999
	}
	return []data.Evidence{{Name: evidenceCertificate, Output: string(b)}}
}

func certificateOf(id remote.Identity) data.Certificate {
	c := id.Certificate
	return data.Certificate{Subject: c.Subject, Issuer: c.Issuer, From: c.NotBefore.UTC(), Until: c.NotAfter.UTC(), By: id.By, Fingerprint: id.Fingerprint}
}

// readCertificate finds it again; zero where the scan kept none.
func readCertificate(all []data.Evidence) (c data.Certificate) {
	for _, e := range all {
		if e.Name == evidenceCertificate && json.Unmarshal([]byte(e.Output), &c) != nil {
			return data.Certificate{}
		}
	}
	return c
}

// CertificateText says whom a certificate is for and who issued it.
func CertificateText(c data.Certificate) string {
	if c.Issuer == c.Subject {
		return c.Subject + ", issued by itself"
	}
	return c.Subject + ", issued by " + c.Issuer
}

// CertificateEnd says until when a certificate is valid; soon where it has to be
// renewed now.
func CertificateEnd(c data.Certificate, now time.Time) (text string, soon bool) {
	left := c.Until.Sub(now)
	days := int(left / (24 * time.Hour))
	switch text = "until " + day(c.Until); {
	case left <= 0:
		return "ended on " + day(c.Until) + ": renew it", true
	case left > certificateSoon:
		return text, false
	case days == 0:
		return text + ", less than a day: renew it", true
	}
	return text + ", " + counted(days, "day") + ": renew it", true
}
