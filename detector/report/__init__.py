"""What people see of a scan: figures first (`data`), then drawn for the terminal or as one page of HTML."""
