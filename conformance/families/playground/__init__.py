"""The playground: chat for whoever is signed in to the dashboard, and for nobody with an API key alone."""
