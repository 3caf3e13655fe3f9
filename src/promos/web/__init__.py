"""How people and programs ask: translate, authorise, call one action, show the answer."""
