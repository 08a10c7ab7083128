"""The page, in Streamlit: one file per page, everything read through the API's client."""
