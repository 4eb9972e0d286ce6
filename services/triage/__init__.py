"""Triage: screening and response priority. The pack recommends, a named person decides."""
