"""Help: a page for each role, its pictures, and which section speaks of which page."""
