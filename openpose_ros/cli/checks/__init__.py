"""
What `openpose-ros doctor` looks at, a module a subject.

A check is a function without arguments that returns findings and changes nothing. What can crash
or hang, as an import of compiled code can, it does in a process of its own.
"""
