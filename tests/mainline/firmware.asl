// SPDX-License-Identifier: GPL-2.0
//
// What the firmware of a server has for the accelerator behind its port: a
// method that resets the controller, which no register of the device does, and
// power states. Here the monitor, on the slot after that of the port, resets
// the device in the controller's place.

DefinitionBlock ("", "SSDT", 2, "HISI", "ACCRESET", 1)
{
	External (\_SB.PCI0.S08.S00, DeviceObj)
	External (\_SB.PCI0.S10, DeviceObj)

	Scope (\_SB.PCI0.S10)
	{
		OperationRegion (HEAD, PCI_Config, 0x10, 4)
		Field (HEAD, DWordAcc, NoLock, Preserve)
		{
			BAR0, 32
		}
	}

	Scope (\_SB.PCI0.S08.S00)
	{
		Name (OFF, 0)

		Method (ZRST, 0, Serialized)
		{
			Local0 = (\_SB.PCI0.S10.BAR0 & 0xfffffff0) + 0x138
			OperationRegion (MONI, SystemMemory, Local0, 4)
			Field (MONI, DWordAcc, NoLock, Preserve)
			{
				REST, 32
			}
			REST = 1
			Return (0)
		}

		// The other engines have the same under names of their own.
		Method (SRST, 0, Serialized)
		{
			Return (ZRST ())
		}

		Method (HRST, 0, Serialized)
		{
			Return (ZRST ())
		}

		// On version 2 HPRE's driver wants this of the firmware.
		Method (_DSM, 4, Serialized)
		{
			If (Arg0 == ToUUID ("b06b81ab-0134-4a45-9b0c-483447b95fa7"))
			{
				If (Arg2 == 0)
				{
					Return (Buffer () { 0x03 })
				}
				If (Arg2 == 1)
				{
					Return (0)
				}
			}
			Return (Buffer () { 0x00 })
		}

		Method (_PS3, 0, Serialized)
		{
			OFF = 1
		}

		Method (_PS0, 0, Serialized)
		{
			If (OFF)
			{
				OFF = 0
				ZRST ()
			}
		}
	}
}
