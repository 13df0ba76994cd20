package session

// Stand makes the clock of the session stand still whoever is held or not, or run again as it would: for a reader who has paused, so that
// no timeout comes behind his back. JumpToNext works all the same.
func (l *Live) Stand(still bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case still == l.stands || l.closed && still:
		return
	case still:
		l.lab.Clock().Hold()
	default:
		l.lab.Clock().Release()
	}
	l.stands = still
}
