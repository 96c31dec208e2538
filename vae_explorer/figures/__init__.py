"""Plots and pictures; no Streamlit."""
