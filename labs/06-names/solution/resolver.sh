rndc flush
