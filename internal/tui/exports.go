package tui

import tea "charm.land/bubbletea/v2"

func (m *Model) openExports() tea.Cmd { return nil }
