package winrm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"secondtuesday/remote"
)

// A centre is what a login asks for tickets: the key distribution centres of
// the user's realm, and of those that it sends us on to. The library builds and
// reads the messages; what is answered to whom is decided here. Its own client
// seals a proof of the password by whatever cipher and with however few rounds
// the other side names, follows it to other realms, and sets aside as much
// memory as it says.
type centre struct {
	conf  *config.Config
	user  *credentials.Credentials // with a password or a keytab
	realm string
	found map[string][]string // by realm, the one that answered: it gets what follows
}

const (
	centreTimeout = 5 * time.Second
	maxTicket     = 256 << 10 // bytes; Windows allows a ticket 48000
	maxReferrals  = 6
)

var (
	errNoCentre = errors.New("no key distribution centre answers")
	errSilent   = errors.New("a proof of the password was sent and not answered")
	errWeak     = errors.New("a cipher other than AES, or one weakened")
)

// ask sends one message to a centre of a realm. The error may be a
// messages.KRBError.
func (c *centre) ask(ctx context.Context, realm string, message interface{ Marshal() ([]byte, error) }) ([]byte, error) {
	b, err := message.Marshal()
	if err != nil {
		return nil, err
	}
	if c.found[realm] == nil {
		n, known, err := c.conf.GetKDCs(realm, true)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoCentre, err)
		}
		for i := 1; i <= n; i++ {
			c.found[realm] = append(c.found[realm], known[i])
		}
	}
	silent := errNoCentre
	for _, address := range c.found[realm] {
		answer, err := tell(ctx, address, b)
		if err != nil {
			silent = fmt.Errorf("%w: %w", silent, err)
			continue
		}
		c.found[realm] = []string{address}
		var no messages.KRBError
		if no.Unmarshal(answer) == nil {
			return nil, no
		}
		return answer, nil
	}
	return nil, silent
}

// tell sends one message over TCP, which every centre must take, and returns
// the answer.
func tell(ctx context.Context, address string, message []byte) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, centreTimeout)
	defer stop()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	// RFC 4120 7.2.2: four bytes of length come before each message
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxTicket {
		return nil, fmt.Errorf("%w: %s announces an answer of %d bytes", remote.ErrGarbage, address, n)
	}
	answer := make([]byte, n)
	_, err = io.ReadFull(conn, answer)
	return answer, err
}

// A ticket is one with the key that goes with it.
type ticket struct {
	messages.Ticket
	key types.EncryptionKey
}

// login gets the ticket that gets others. The password is proved once at most.
func (c *centre) login(ctx context.Context) (ticket, error) {
	request, err := messages.NewASReqForTGT(c.realm, c.conf, c.user.CName())
	if err != nil {
		return ticket{}, err
	}
	answer, err := c.ask(ctx, c.realm, &request)
	var no messages.KRBError
	var said types.PADataSequence
	if errors.As(err, &no) && no.ErrorCode == errorcode.KDC_ERR_PREAUTH_REQUIRED {
		if err := said.Unmarshal(no.EData); err != nil {
			return ticket{}, err
		}
		if err := c.prove(&request, said); err != nil {
			return ticket{}, err
		}
		if answer, err = c.ask(ctx, c.realm, &request); errors.Is(err, errNoCentre) {
			err = fmt.Errorf("%w: %w", errSilent, err) // it may have counted it
		}
	}
	if err != nil {
		return ticket{}, err
	}
	var reply messages.ASRep
	if err := reply.Unmarshal(answer); err != nil {
		return ticket{}, err
	}
	if !slices.Contains(ciphers, reply.EncPart.EType) {
		return ticket{}, fmt.Errorf("it answers with %w (cipher number %d)", errWeak, reply.EncPart.EType)
	}
	if reply.PAData, _, err = keyInfo(append(reply.PAData, said...)); err != nil {
		return ticket{}, fmt.Errorf("it answers with %w", err)
	}
	if _, err := reply.Verify(c.conf, c.user, request); err != nil {
		return ticket{}, err
	}
	return strong(reply.Ticket, reply.DecryptedEncPart.Key)
}

// prove adds to a request the time, sealed with the key of the password or of
// the keytab.
func (c *centre) prove(request *messages.ASReq, said types.PADataSequence) error {
	info, cipher, err := keyInfo(said)
	if err != nil || len(info) == 0 {
		return fmt.Errorf("it asks for %w; no proof of the password was sent", errWeak)
	}
	var key types.EncryptionKey
	var version int
	if c.user.HasKeytab() {
		key, version, err = c.user.Keytab().GetEncryptionKey(c.user.CName(), c.realm, 0, cipher)
	} else {
		key, _, err = crypto.GetKeyFromPassword(c.user.Password(), c.user.CName(), c.realm, cipher, info)
	}
	if err != nil {
		return err
	}
	now, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		return err
	}
	sealed, err := crypto.GetEncryptedData(now, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, version)
	if err != nil {
		return err
	}
	b, err := sealed.Marshal()
	request.PAData = append(request.PAData, types.PAData{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: b})
	return err
}

// Rounds by which a password is made a key of AES, RFC 3962 4 and RFC 8009 4:
// Windows names none, which means 4096 or more. Fewer make it quick to guess.
const (
	leastRounds = 4096
	mostRounds  = 1 << 20
)

// keyInfo keeps of what a centre says of the password's key the first list of
// RFC 4120 5.2.7.5 alone, and returns the cipher that it names. Nobody vouches
// for it; no list at all is no error.
func keyInfo(said types.PADataSequence) (types.PADataSequence, int32, error) {
	for _, pa := range said {
		if pa.PADataType != patype.PA_ETYPE_INFO2 {
			continue
		}
		list, err := pa.GetETypeInfo2()
		if err != nil || len(list) == 0 || !slices.Contains(ciphers, list[0].EType) {
			return nil, 0, errWeak
		}
		if p := list[0].S2KParams; len(p) > 0 {
			if len(p) != 4 || binary.BigEndian.Uint32(p) < leastRounds || binary.BigEndian.Uint32(p) > mostRounds {
				return nil, 0, errWeak
			}
		}
		return types.PADataSequence{pa}, list[0].EType, nil
	}
	return nil, 0, nil
}

// strong refuses a ticket whose key is not one that was asked for.
func strong(t messages.Ticket, key types.EncryptionKey) (ticket, error) {
	if !slices.Contains(ciphers, key.KeyType) {
		return ticket{}, fmt.Errorf("it gave a ticket of %w (cipher number %d)", errWeak, key.KeyType)
	}
	return ticket{t, key}, nil
}

// service gets a ticket for HTTP/server with the one of login. A centre may
// send us on to another realm, with a ticket for that.
func (c *centre) service(ctx context.Context, t ticket, server string) (ticket, error) {
	at, name := c.realm, types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "HTTP/"+server)
	asked := name
	if home := c.conf.ResolveRealm(server); home != "" && home != at {
		asked = types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/"+home)
	}
	for range maxReferrals {
		reply, err := c.exchange(ctx, at, t, asked)
		if err != nil {
			return ticket{}, err
		}
		if t, err = strong(reply.Ticket, reply.DecryptedEncPart.Key); err != nil {
			return ticket{}, err
		}
		to := reply.DecryptedEncPart.SName.NameString
		if len(to) != 2 || to[0] != "krbtgt" {
			return t, nil
		}
		at, asked = to[1], name
	}
	return ticket{}, fmt.Errorf("%w: it was sent from realm to realm, at last to %s", remote.ErrGarbage, at)
}

func (c *centre) exchange(ctx context.Context, realm string, t ticket, name types.PrincipalName) (messages.TGSRep, error) {
	var reply messages.TGSRep
	request, err := messages.NewTGSReq(c.user.CName(), realm, c.conf, t.Ticket, t.key, name, false)
	if err != nil {
		return reply, err
	}
	answer, err := c.ask(ctx, realm, &request)
	if err != nil {
		return reply, err
	}
	if err := reply.Unmarshal(answer); err != nil {
		return reply, err
	}
	if err := reply.DecryptEncPart(t.key); err != nil {
		return reply, err
	}
	_, err = reply.Verify(c.conf, request)
	return reply, err
}
