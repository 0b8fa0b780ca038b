"""Running a recipe: stages in processes of their own, and their folders."""
