"""Rules by which a miner decides what a block of megawatts does: named, registered, replaceable."""
