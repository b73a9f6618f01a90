package main

import (
	"slices"

	"google.golang.org/grpc/codes"
)

// newRules is the whole list of tolerated differences.
func newRules() []*rule { return slices.Concat(ownRules(), orderRules(), laterRules()) }

// ownRules: what each server has of its own.
func ownRules() []*rule {
	return []*rule{
		{
			name:   "raft term",
			reason: "the number of elections a member held is its own history; it only must not be 0",
			mend:   mendTerm,
		},
		{
			name:   "sizes and indexes in Status",
			reason: "file sizes and raft indexes depend on the storage engine and its background entries",
			kinds:  []string{"Status"},
			mend:   mendStatus,
		},
		{
			name:   "moment of a lease",
			reason: "remaining seconds count from two moments, most of all after a restart; 3 s at most",
			kinds:  []string{"LeaseTimeToLive"},
			mend:   mendRemaining,
		},
		{
			name:   "text after a broken message",
			reason: "what follows the fixed beginning is the words of Go's protobuf library",
			kinds:  []string{"BrokenMessage"},
			mend:   mendDecodeText,
		},
		{
			name:   "compressed request",
			reason: "etcd decodes gzip, though it never sends any; refusing it is allowed and safer",
			kinds:  []string{"Compressed"},
			mend:   mendUnimplemented,
		},
	}
}

// orderRules: answers whose order or division is free.
func orderRules() []*rule {
	return []*rule{
		{
			name:   "order of a lease's keys",
			reason: "etcd gives them in the order of a Go map, which is random",
			kinds:  []string{"LeaseTimeToLive"},
			mend:   mendLeaseKeys,
		},
		{
			name:   "order of leases",
			reason: "etcd sorts by remaining time, and leases that end within one moment may swap",
			kinds:  []string{"LeaseLeases"},
			mend:   mendLeases,
		},
		{
			name:   "order of alarms",
			reason: "etcd gives them in the order of a Go map, which is random",
			kinds:  []string{"Alarm", "Status"},
			mend:   mendAlarms,
		},
		{
			name:   "order of equal values in a sorted range",
			reason: "etcd's sort is not stable; only the sorted-by values and the cut are promised",
			kinds:  []string{"Range", "Txn", "TxnManyOps"},
			mend:   mendSortTies,
		},
		{
			name:   "order of health checks",
			reason: "etcd lists the checks of /livez and /readyz in the order of a Go map, which is random",
			kinds:  []string{"HTTP"},
			mend:   mendCheckOrder,
		},
		{
			name:   "chunks of RangeStream",
			reason: "chunk sizes follow message sizes and may be chosen freely; keys, order and end may not",
			kinds:  []string{"RangeStream"},
			mend:   mendChunks,
		},
	}
}

// laterRules: what other issues bring; each entry goes away with its issue.
func laterRules() []*rule {
	return []*rule{
		{
			name:   "auth calls",
			reason: "users, roles and enable have an issue of their own; until then UNIMPLEMENTED",
			kinds: []string{"AuthEnable", "Authenticate", "UserGet", "UserList", "UserDelete", "UserAdd",
				"RoleGet", "RoleList", "RoleAdd"},
			mend: mendUnimplemented,
		},
		{
			name:   "membership changes",
			reason: "they have an issue of their own; until then UNIMPLEMENTED",
			kinds:  []string{"MemberAdd", "MemberRemove", "MemberUpdate", "MemberPromote"},
			mend:   mendUnimplemented,
		},
		{
			name:   "lock and election services",
			reason: "these recipes have an issue of their own; until then UNIMPLEMENTED",
			kinds:  []string{"Unlock", "Leader", "Resign", "Proclaim"},
			mend:   mendUnimplemented,
		},
	}
}

// mendUnimplemented lets a refusal stand for whatever etcd answers.
func mendUnimplemented(_ call, want, got *answer) bool {
	return adopt(want, got, got.code == codes.Unimplemented)
}
