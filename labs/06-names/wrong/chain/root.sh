# The root stays as it is: the resolver is told the way.
:
