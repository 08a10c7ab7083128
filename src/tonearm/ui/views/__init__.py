"""The pages, each a function ``page`` that draws it.

A folder called ``pages`` beside the script would be taken for Streamlit's own kind: until somebody had opened the
front page, a bookmark of another would run its file without the frame around it.
"""
