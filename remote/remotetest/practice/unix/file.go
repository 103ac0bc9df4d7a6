package unix

import (
	"context"
	"crypto/rand"
	"io"
	"io/fs"
	"sync"
)

// A Stream is where bytes come from or go to. Read and Write return when ctx ends.
type Stream interface {
	Read(ctx context.Context, b []byte) (int, error)
	Write(ctx context.Context, b []byte) (int, error)
	Close() error
}

// A File is an open file description: several descriptors of several
// processes may share it. It closes with the last of them.
type File struct {
	mu   sync.Mutex
	refs int
	s    Stream
	path string
}

// NewFile opens s for one holder.
func NewFile(s Stream, path string) *File { return &File{refs: 1, s: s, path: path} }

// Dup takes one more hold of f.
func (f *File) Dup() *File {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refs++
	return f
}

// Close lets go of one hold.
func (f *File) Close() {
	f.mu.Lock()
	f.refs--
	last := f.refs == 0
	f.mu.Unlock()
	if last {
		_ = f.s.Close() // memory only: it cannot fail in a way that matters
	}
}

// A pipe hands bytes from writers to readers.
type pipe struct {
	mu       sync.Mutex
	buf      []byte
	closedW  bool
	closedR  bool
	changed  chan struct{}
	capacity int
}

// NewPipe returns the two ends of a pipe.
func NewPipe() (r, w *File) {
	p := &pipe{changed: make(chan struct{}), capacity: 64 << 10}
	return NewFile(pipeEnd{p, true}, "pipe"), NewFile(pipeEnd{p, false}, "pipe")
}

type pipeEnd struct {
	p     *pipe
	reads bool
}

func (p *pipe) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (e pipeEnd) Read(ctx context.Context, b []byte) (int, error) {
	if !e.reads {
		return 0, EBADF
	}
	p := e.p
	for {
		p.mu.Lock()
		if len(p.buf) > 0 {
			n := copy(b, p.buf)
			p.buf = p.buf[n:]
			p.wake()
			p.mu.Unlock()
			return n, nil
		}
		if p.closedW {
			p.mu.Unlock()
			return 0, io.EOF
		}
		wait := p.changed
		p.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func (e pipeEnd) Write(ctx context.Context, b []byte) (int, error) {
	if e.reads {
		return 0, EBADF
	}
	p, done := e.p, 0
	for done < len(b) {
		p.mu.Lock()
		if p.closedR {
			p.mu.Unlock()
			return done, EPIPE
		}
		if room := p.capacity - len(p.buf); room > 0 {
			n := min(room, len(b)-done)
			p.buf = append(p.buf, b[done:done+n]...)
			done += n
			p.wake()
			p.mu.Unlock()
			continue
		}
		wait := p.changed
		p.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return done, context.Cause(ctx)
		}
	}
	return done, nil
}

func (e pipeEnd) Close() error {
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	if e.reads {
		e.p.closedR, e.p.buf = true, nil
	} else {
		e.p.closedW = true
	}
	e.p.wake()
	return nil
}

// A Sink is a stream that only takes bytes and hands them to W.
type Sink struct {
	W  io.Writer
	mu sync.Mutex
}

// Read says that nothing can be read.
func (s *Sink) Read(context.Context, []byte) (int, error) { return 0, EBADF }

// Write hands b on. A writer that fails counts as a broken pipe.
func (s *Sink) Write(_ context.Context, b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.W.Write(b)
	if err != nil {
		return n, EPIPE
	}
	return n, nil
}

// Close does nothing: the writer is its owner's.
func (s *Sink) Close() error { return nil }

// device is one of the few devices that scripts use.
type device string

func (d device) Read(_ context.Context, b []byte) (int, error) {
	switch d {
	case "zero", "full":
		clear(b)
		return len(b), nil
	case "urandom":
		return rand.Read(b)
	}
	return 0, io.EOF
}

func (d device) Write(_ context.Context, b []byte) (int, error) {
	if d == "full" {
		return 0, ENOSPC
	}
	return len(b), nil
}

func (d device) Close() error { return nil }

// regular is an open regular file.
type regular struct {
	f      *FS
	n      *Node
	mu     sync.Mutex
	off    int
	append bool
	write  bool
	fixed  []byte // content made at opening
}

func (r *regular) Read(_ context.Context, b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	data := r.fixed
	if data == nil {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		data = r.n.Data
	}
	if r.off >= len(data) {
		return 0, io.EOF
	}
	n := copy(b, data[r.off:])
	r.off += n
	return n, nil
}

func (r *regular) Write(_ context.Context, b []byte) (int, error) {
	if !r.write {
		return 0, EBADF
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	if r.append {
		r.off = len(r.n.Data)
	}
	end := r.off + len(b)
	if grow := int64(end - len(r.n.Data)); grow > 0 {
		if grow > r.f.Free {
			return 0, ENOSPC
		}
		r.f.Free -= grow
		r.n.Data = append(r.n.Data, make([]byte, grow)...)
	}
	copy(r.n.Data[r.off:], b)
	r.off = end
	r.n.Mod = r.f.now()
	return len(b), nil
}

func (r *regular) Close() error { return nil }

// How a file is opened.
type openFlag int

const (
	openRead openFlag = 1 << iota
	openWrite
	openAppend
	openTrunc
	openCreate
	openExcl
)

// open opens p for uid.
func (f *FS) open(p string, uid int, flag openFlag, perm fs.FileMode) (*File, error) {
	switch p {
	case "/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random":
		name := p[len("/dev/"):]
		if name == "random" {
			name = "urandom"
		}
		return NewFile(device(name), p), nil
	}
	f.mu.Lock()
	n, err := f.walk(p, uid, true)
	if err == ENOENT && flag&openCreate != 0 {
		n, err = f.create(p, uid, perm)
	} else if err == nil && flag&openExcl != 0 {
		err = EEXIST
	}
	switch {
	case err != nil:
	case n.IsDir() && flag&openWrite != 0:
		err = EISDIR
	case flag&openRead != 0 && !can(n, uid, 4), flag&openWrite != 0 && !can(n, uid, 2):
		err = EACCES
	}
	if err != nil {
		f.mu.Unlock()
		return nil, err
	}
	if flag&openTrunc != 0 {
		f.Free += int64(len(n.Data))
		n.Data, n.Mod = nil, f.now()
	}
	gen := n.gen
	f.mu.Unlock()
	r := &regular{f: f, n: n, append: flag&openAppend != 0, write: flag&openWrite != 0}
	if gen != nil {
		if r.fixed = gen(); r.fixed == nil {
			r.fixed = []byte{}
		}
	}
	return NewFile(r, p), nil
}

func (f *FS) create(p string, uid int, perm fs.FileMode) (*Node, error) {
	dir, name, err := f.parent(p, uid)
	if err != nil {
		return nil, err
	}
	if !can(dir, uid, 2) {
		return nil, EACCES
	}
	if f.Free <= 0 {
		return nil, ENOSPC
	}
	n := f.node(perm, uid)
	dir.Kids[name] = n
	return n, nil
}

// Write writes to the open file from outside of any process.
func (f *File) Write(ctx context.Context, b []byte) (int, error) { return f.s.Write(ctx, b) }
