package tui

import tea "charm.land/bubbletea/v2"

func (m *Model) inspect() tea.Cmd { return nil }
