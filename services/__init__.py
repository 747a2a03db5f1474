"""Questions of enterprises and hand-held approvals."""
