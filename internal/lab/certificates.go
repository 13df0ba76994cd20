package lab

import "gossipscope/comm/common"

// Certificates returns the two TLS certificates that the peer shows. A recording holds their hashes only; whoever wants to compute these
// again needs the certificates themselves.
func (p *Peer) Certificates() *common.TLSCertificates { return p.certs }
