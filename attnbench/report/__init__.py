"""The comparison report: run folders, a runs.csv or an MLflow store in; tables, figures and one page out.

`write` needs pandas, matplotlib and seaborn, and no part of TensorFlow. Each room imports only those below it:

command      the command line, which __main__ starts
process      a sweep's report in a process of its own
write        every file of a report, from the runs of a study
sections     one file a section of the page: its words, tables and figures; `SECTIONS` has their order
render       elements of a section, fields of tables, styles and drawings, and the page as HTML and Markdown
comparison   what is compared: variants, pairs, estimates, the choice on validation; statistics and no words
sources      runs read from folders, a store or a runs.csv, as one record
options      options in words
"""
