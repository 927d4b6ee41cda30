"""Who may talk to whom: NetworkPolicies, what they decide, and what the workloads need.

Everything here is pure: typed values in, typed values out; no input or output, no clock.
"""
