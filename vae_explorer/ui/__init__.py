"""The Streamlit app: pages, and what they load."""
