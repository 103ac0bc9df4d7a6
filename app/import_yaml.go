package app

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Bounds of a YAML inventory. Its parser goes one call deeper with each
// nesting, takes four times as long for twice the entries (20,000 hosts: 4 s),
// and a few lines of aliases can stand for thousands of millions of nodes: so
// depth, entries and steps are bounded beside the size.
const (
	maxYAMLBytes   = 8 << 20
	maxYAMLEntries = 60_000
	maxYAMLDepth   = 60
	maxYAMLSteps   = 2_000_000
)

// ReadAnsibleYAML reads an Ansible inventory in YAML.
func ReadAnsibleYAML(r io.Reader) (ImportPreview, error) {
	p := ImportPreview{Source: "Ansible inventory"}
	text, note, err := readText(io.LimitReader(r, maxYAMLBytes+1))
	if err != nil {
		return p, err
	}
	if len(text) > maxYAMLBytes {
		return p, fmt.Errorf("read Ansible inventory: it is larger than %d MB", maxYAMLBytes>>20)
	}
	if n := strings.Count(text, "\n") + strings.Count(text, ","); n > maxYAMLEntries {
		return p, fmt.Errorf("read Ansible inventory: it has more than %d entries: write it in the INI format or as CSV", maxYAMLEntries)
	}
	if note != "" {
		p.note(0, "%s", note)
	}
	if err := shallow(text); err != nil {
		return p, fmt.Errorf("read Ansible inventory: %w", err)
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		p.problem(0, "this is no YAML: %s", line)
		return p, nil
	}
	y := yamlReader{inv: newInventory(&p), anchors: map[string]ast.Node{}}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		y.findAnchors(doc.Body)
		for _, kv := range y.mapping(doc.Body) {
			y.group(kv.key, kv.value, 0)
		}
	}
	if y.err != nil {
		return p, fmt.Errorf("read Ansible inventory: %w", y.err)
	}
	y.inv.rows()
	return p, nil
}

// shallow refuses text that would nest too deep: flow brackets, "- - - -" and
// indentation. It may count brackets inside quotes; nobody's inventory has
// sixty of them open.
func shallow(text string) error {
	depth := 0
	for n, line := range strings.Split(text, "\n") {
		if dashes := strings.Count(line, "- ") + strings.Count(line, "? "); dashes > maxYAMLDepth && strings.Trim(line, "-? \t\r") == "" ||
			len(line)-len(strings.TrimLeft(line, " -?\t")) > 8*maxYAMLDepth {
			return fmt.Errorf("line %d nests too deep", n+1)
		}
		if properties(line) > maxYAMLDepth {
			return fmt.Errorf("line %d makes no sense: more tags, anchors or keys than values", n+1)
		}
		for _, c := range line {
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(depth-1, 0)
			}
		}
		if depth > maxYAMLDepth {
			return fmt.Errorf("line %d nests too deep", n+1)
		}
	}
	return nil
}

// properties returns how many keys, tags, anchors and aliases of a line have no
// value of their own: "a: a: a: …" and "!t !t !t …" cost the parser a call deep
// and the square of their number in time.
func properties(line string) int {
	if strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
		return 0
	}
	n := 0
	for _, mark := range []string{": ", "? ", " !", " &", " *", "!<"} {
		n += strings.Count(line, mark)
	}
	return n - 3*(strings.Count(line, ",")+strings.Count(line, "{")+strings.Count(line, "["))
}

type yamlReader struct {
	inv     *inventory
	anchors map[string]ast.Node
	steps   int
	err     error
}

// A pairNode is an entry of a mapping.
type pairNode struct {
	key   string
	line  int
	value ast.Node
}

// step counts against the bound; false means to stop.
func (y *yamlReader) step() bool {
	if y.steps++; y.steps > maxYAMLSteps && y.err == nil {
		y.err = errors.New("it unfolds to far more than an inventory holds (aliases of aliases)")
	}
	return y.err == nil
}

// Visit implements ast.Visitor: it notes anchors.
func (y *yamlReader) Visit(n ast.Node) ast.Visitor {
	if !y.step() {
		return nil
	}
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		y.anchors[a.Name.GetToken().Value] = a.Value
	}
	return y
}

func (y *yamlReader) findAnchors(n ast.Node) { ast.Walk(y, n) }

// plain sees through anchors and aliases.
func (y *yamlReader) plain(n ast.Node) ast.Node {
	for range maxYAMLDepth {
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			n = y.anchors[x.Value.GetToken().Value]
		default:
			return n
		}
	}
	return nil
}

// mapping returns the entries of a mapping, those merged in with << first.
func (y *yamlReader) mapping(n ast.Node) []pairNode { return y.mappingAt(n, 0) }

func (y *yamlReader) mappingAt(n ast.Node, depth int) []pairNode {
	var values []*ast.MappingValueNode
	switch x := y.plain(n).(type) {
	case *ast.MappingNode:
		values = x.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{x}
	}
	var merged, own []pairNode
	for _, v := range values {
		if !y.step() || depth > maxYAMLDepth {
			return nil
		}
		if v.Key.IsMergeKey() {
			list := []ast.Node{v.Value}
			if seq, ok := y.plain(v.Value).(*ast.SequenceNode); ok {
				list = seq.Values
			}
			for _, m := range list {
				merged = append(merged, y.mappingAt(m, depth+1)...)
			}
			continue
		}
		key, _ := y.scalar(v.Key)
		own = append(own, pairNode{key, v.Key.GetToken().Position.Line, v.Value})
	}
	return append(merged, own...)
}

// scalar returns a node's text; false for what is no scalar.
func (y *yamlReader) scalar(n ast.Node) (string, bool) {
	switch x := y.plain(n).(type) {
	case nil:
		return "", false
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.NullNode:
		return "", true
	case *ast.TagNode:
		if x.Start != nil && strings.HasPrefix(x.Start.Value, "!vault") {
			return "$ANSIBLE_VAULT", true
		}
		return y.scalar(x.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return x.GetToken().Value, true
	case *ast.MappingKeyNode:
		return y.scalar(x.Value)
	}
	return "", false
}

func (y *yamlReader) group(name string, n ast.Node, depth int) {
	if depth > maxYAMLDepth || !y.step() {
		return
	}
	for _, part := range y.mapping(n) {
		switch part.key {
		case "hosts":
			for _, h := range y.mapping(part.value) {
				y.inv.host(h.key, name, h.line, y.vars(h.value))
			}
		case "vars":
			for k, v := range y.vars(part.value) {
				y.inv.group(name).vars[k] = v
			}
		case "children":
			for _, c := range y.mapping(part.value) {
				g := y.inv.group(c.key)
				if name != c.key {
					g.parents = with(g.parents, name)
				}
				y.group(c.key, c.value, depth+1)
			}
		default:
			y.inv.p.note(part.line, "%q in group %q is neither hosts, vars nor children, and is left out", cut1(part.key), cut1(name))
		}
	}
}

func (y *yamlReader) vars(n ast.Node) map[string]string {
	out := map[string]string{}
	for _, kv := range y.mapping(n) {
		text, ok := y.scalar(kv.value)
		if !ok {
			continue // lists and mappings mean nothing here
		}
		if y.inv.keepVar(kv.key, text, kv.line) {
			out[kv.key] = text
		}
	}
	return out
}
