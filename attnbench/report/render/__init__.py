"""From sections to files: elements, figures, tables, and the page in HTML and Markdown."""
