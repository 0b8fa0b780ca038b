"""Components that learn on dev problems before they are evaluated."""
