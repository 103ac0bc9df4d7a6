package figures

import "testing"

func gridFigures(t *testing.T)     {}
func idleFigures(t *testing.T)     {}
