"""The command line with a journal that is never written: what the journal costs, told by leaving it out.

For the benchmark alone. Killed in the middle, such a run would lose what it did.
"""

from __future__ import annotations

from unittest.mock import patch

from reconciler.cli.main import main
from reconciler.state.journal_file import JournalFile

if __name__ == "__main__":
    with patch.object(JournalFile, "_carry", lambda *_: None):
        main()
