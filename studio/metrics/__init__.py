"""How good a picture is: functions on tensors."""
