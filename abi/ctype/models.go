package ctype

// The models of the machines. Systems differ only in the names behind size_t
// and its like, which [Model] values below override with [Model.names].
var (
	modelAMD64 = lp64(Model{
		CharSigned:     true,
		Float16:        Scalar{2, 2},
		LongDouble:     Scalar{16, 16},
		Float128:       Scalar{16, 16},
		MaxAlign:       16,
		MaxAtomicAlign: 16,
	})
	modelARM64 = lp64(Model{
		Float16:               Scalar{2, 2},
		LongDouble:            Scalar{16, 16},
		Float128:              Scalar{16, 16},
		MaxAlign:              16,
		MaxVectorAlign:        16,
		MaxAtomicAlign:        16,
		UnnamedBitFieldsAlign: true,
	})
	// Apple's compiler has no __float128, and aligns vectors to what the
	// machine it compiles for has instructions for, which is SSE here.
	modelDarwinAMD64 = lp64(Model{
		CharSigned:     true,
		Float16:        Scalar{2, 2},
		LongDouble:     Scalar{16, 16},
		MaxAlign:       16,
		MaxVectorAlign: 16,
		MaxAtomicAlign: 16,
	})
	// Apple's ABI for the machine has a signed char, a long double that is a
	// double, and no bit-field without a name that aligns its record.
	modelDarwinARM64 = lp64(Model{
		CharSigned:     true,
		Float16:        Scalar{2, 2},
		LongDouble:     Scalar{8, 8},
		MaxAlign:       16,
		MaxVectorAlign: 16,
		MaxAtomicAlign: 16,
	})
	modelSPARC64 = lp64(Model{
		BigEndian:      true,
		CharSigned:     true,
		LongDouble:     Scalar{16, 16},
		Float128:       Scalar{16, 16},
		MaxAlign:       16,
		MaxAtomicAlign: 8,
	})
	model386 = ilp32(Model{
		CharSigned:     true,
		LongLong:       Scalar{8, 4},
		Float16:        Scalar{2, 2},
		Double:         Scalar{8, 4},
		LongDouble:     Scalar{12, 4},
		Float128:       Scalar{16, 16},
		MaxAlign:       16,
		MaxAtomicAlign: 8,
	})
	modelARM = ilp32(Model{
		LongLong:              Scalar{8, 8},
		Float16:               Scalar{2, 2},
		Double:                Scalar{8, 8},
		LongDouble:            Scalar{8, 8},
		MaxAlign:              8,
		MaxVectorAlign:        8,
		MaxAtomicAlign:        8,
		UnnamedBitFieldsAlign: true,
	})
	modelPowerPC = ilp32(Model{
		BigEndian:      true,
		LongLong:       Scalar{8, 8},
		Double:         Scalar{8, 8},
		LongDouble:     Scalar{8, 8}, // NetBSD's choice; Linux has 16 bytes
		MaxAlign:       16,
		MaxAtomicAlign: 4,
	})
	modelMIPS = ilp32(Model{
		BigEndian:      true,
		CharSigned:     true,
		LongLong:       Scalar{8, 8},
		Double:         Scalar{8, 8},
		LongDouble:     Scalar{8, 8},
		MaxAlign:       16, // clang; gcc says 8
		MaxAtomicAlign: 4,
	})
	// NetBSD's m68k ABI is that of System V, where types are aligned to
	// their size up to 8 bytes (BIGGEST_ALIGNMENT in gcc's
	// config/m68k/netbsd-elf.h), and not the 2-byte one of Linux and of
	// older systems.
	modelM68K = ilp32(Model{
		BigEndian:      true,
		CharSigned:     true,
		LongLong:       Scalar{8, 8},
		Double:         Scalar{8, 8},
		LongDouble:     Scalar{12, 4},
		MaxAlign:       8,
		MaxAtomicAlign: 8,
	})
)

// targets lists the known targets in the order in which they are shown.
var targets = []struct {
	target Target
	model  Model
}{
	{Target{"netbsd", "amd64"}, modelAMD64.names("unsigned long", "long", "int", "int")},
	{Target{"netbsd", "arm64"}, modelARM64.names("unsigned long", "long", "int", "int")},
	{Target{"netbsd", "386"}, model386.names("unsigned int", "int", "int", "int")},
	{Target{"netbsd", "arm"}, modelARM.names("unsigned long", "long", "int", "int")},
	{Target{"netbsd", "sparc64"}, modelSPARC64.names("unsigned long", "long", "int", "int")},
	{Target{"netbsd", "powerpc"}, modelPowerPC.names("unsigned int", "int", "int", "int")},
	{Target{"netbsd", "mips"}, modelMIPS.names("unsigned int", "int", "int", "int")},
	{Target{"netbsd", "m68k"}, modelM68K.names("unsigned int", "int", "int", "int")},
	{Target{"linux", "amd64"}, modelAMD64.names("unsigned long", "long", "int", "unsigned int")},
	{Target{"linux", "arm64"}, modelARM64.names("unsigned long", "long", "unsigned int", "unsigned int")},
	{Target{"linux", "386"}, model386.names("unsigned int", "int", "int", "unsigned int")},
	{Target{"linux", "arm"}, modelARM.names("unsigned int", "int", "unsigned int", "unsigned int")},
	{Target{"freebsd", "amd64"}, modelAMD64.names("unsigned long", "long", "int", "int")},
	{Target{"freebsd", "arm64"}, modelARM64.names("unsigned long", "long", "unsigned int", "int")},
	{Target{"freebsd", "386"}, model386.names("unsigned int", "int", "int", "int")},
	{Target{"freebsd", "arm"}, modelARM.names("unsigned int", "int", "unsigned int", "int")},
	{Target{"darwin", "amd64"}, modelDarwinAMD64.names("unsigned long", "long", "int", "int")},
	{Target{"darwin", "arm64"}, modelDarwinARM64.names("unsigned long", "long", "int", "int")},
}

// names returns the model with the types behind size_t, ptrdiff_t, wchar_t
// and wint_t set. clang calls netbsd/arm's size_t unsigned long and 386's
// unsigned int, which matters to nothing but the spelling.
func (m Model) names(size, ptrdiff, wchar, wint string) Model {
	m.SizeType, m.PtrdiffType, m.WCharType, m.WIntType = size, ptrdiff, wchar, wint
	return m
}

// lp64 completes the model of a machine with 64-bit long and pointers.
func lp64(m Model) Model {
	m.Bool, m.Short, m.Int = Scalar{1, 1}, Scalar{2, 2}, Scalar{4, 4}
	m.Long, m.LongLong, m.Pointer = Scalar{8, 8}, Scalar{8, 8}, Scalar{8, 8}
	m.Int128 = Scalar{16, 16}
	m.Float, m.Double = Scalar{4, 4}, Scalar{8, 8}
	m.IntmaxType = "long"
	return m
}

// ilp32 completes the model of a machine with 32-bit int, long and pointers.
func ilp32(m Model) Model {
	m.Bool, m.Short, m.Int = Scalar{1, 1}, Scalar{2, 2}, Scalar{4, 4}
	m.Long, m.Pointer = Scalar{4, 4}, Scalar{4, 4}
	m.Float = Scalar{4, 4}
	m.IntmaxType = "long long"
	return m
}
