"""Whether readers are told that they read advertising: rules as data, three-valued verdicts, and why.

Not legal advice. A rule that no lawyer has signed off says so, and one known only second-hand never blocks an issue.
"""
