"""The lab, in Streamlit: one file per page, everything read and done through the API's client."""
