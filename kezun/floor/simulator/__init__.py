"""The simulator: invented service for demos, tests and measurements. `parameters` say what the days are like,
`plan` what every place does on them, `tickets` plays the queues, `ratings` the pads, `tables` export both.
"""
