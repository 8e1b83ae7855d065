"""What NetworkManager's scenes need beside the lab's bed."""
