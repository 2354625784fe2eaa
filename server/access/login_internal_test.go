package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// door is accounts with the user grete, and a clock.
type door struct {
	*Access

	t   *testing.T
	now time.Time
}

const greteHash = "pbkdf2:sha1:1000$salt$f0544abdf752d5b8fc42bbd3930c47f9af4878c0"

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, now: time.Unix(1_700_000_000, 0)}
	d.Access = New(mem.NewTracking(), Options{Now: func() time.Time { return d.now }})
	d.Access.dummy = func() core.Secret { return core.NewSecret(greteHash) } // cheap
	_, err := d.store.CreateUser(t.Context(), core.UserSpec{Name: "grete", Password: core.NewSecret(greteHash)})
	must(t, err)
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// login comes with an Authorization.
func (d *door) login(authorization ...string) (Caller, error) {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodGet, "/", nil)
	for _, text := range authorization {
		r.Header.Add("Authorization", text)
	}
	return d.Login(r)
}

func basic(name, password string) string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth(name, password)
	return r.Header.Get("Authorization")
}

func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, text := range []string{basic("grete", "right password"), strings.Replace(basic("grete", "right password"), "Basic", "bAsIc", 1)} {
		caller, err := d.login(text)
		must(t, err)
		if caller.Rights.User.Name != "grete" || caller.Method != "basic" || caller.Scope != nil {
			t.Errorf("%s: %+v", text, caller)
		}
	}
	for _, text := range []string{
		"", "Basic", "Basic !", "Basic Z3JldGU=", basic("", ""), basic("grete", ""), basic("grete", "wrong"), basic("Grete", "right password"),
		basic("nobody", "right password"), basic("grete", strings.Repeat("x", 1<<20)), basic("gr\nete", "right password"),
		"Bearer", "Bearer x", "Bearer mlf_", "Bearer mlf__", "Bearer mlf_a_", "Bearer mlf_a_b", "Digest x", greteHash,
	} {
		if _, err := d.login(text); !errors.Is(err, core.ErrUnauthenticated) {
			t.Errorf("%.40q: %v", text, err)
		}
		d.now = d.now.Add(time.Minute) // so that nobody has failed too often
	}
	if _, err := d.login(basic("grete", "right password"), basic("grete", "right password")); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("twice: %v", err)
	}
}

// H24 of the catalogue of attacks.
func TestWrongPasswordsAreSlowedDownAndRightOnesAreNot(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, err := d.login(basic("grete", "right password"))
	must(t, err)
	exhausted := 0
	for range 1000 {
		_, err := d.login(basic("grete", "wrong"))
		if errors.Is(err, core.ErrExhausted) {
			exhausted++
		} else if !errors.Is(err, core.ErrUnauthenticated) {
			t.Fatal(err)
		}
	}
	if exhausted < 985 {
		t.Errorf("%d of 1000 wrong passwords were looked at", 1000-exhausted)
	}
	if _, err := d.login(basic("grete", "right password")); err != nil {
		t.Errorf("whoever has logged in before is kept out: %v", err)
	}
	d.now = d.now.Add(time.Hour)
	if _, err := d.login(basic("grete", "right password")); err != nil {
		t.Errorf("later: %v", err)
	}
}

// Behind a proxy all have one address. Those who fail there keep out nobody who has logged in lately, and no token.
func TestAnAddressThatManyShare(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token, text, err := NewToken(TokenSpec{User: "grete", Name: "ci", Age: time.Hour, Scope: core.TokenScope{Access: core.TokenReads}})
	must(t, err)
	must(t, d.store.CreateToken(t.Context(), token))
	_, err = d.login(basic("grete", "right password"))
	must(t, err)
	looked := 0
	for i := range 1000 {
		for _, text := range []string{basic(fmt.Sprintf("user %d", i), "wrong"), "Bearer mlf_" + strings.Repeat("a", 16) + "_b", "Basic !"} {
			if _, err := d.login(text); errors.Is(err, core.ErrUnauthenticated) {
				looked++
			} else if !errors.Is(err, core.ErrExhausted) {
				t.Fatal(err)
			}
		}
	}
	if looked > 60 {
		t.Errorf("%d logins from one address were looked at", looked)
	}
	for _, text := range []string{basic("grete", "right password"), "Bearer " + text.Reveal()} {
		if _, err := d.login(text); err != nil {
			t.Errorf("%.10s: %v", text, err)
		}
	}
}

// Many accounts are tried at once, from everywhere. Those who have logged in, and tokens, do not wait for any of them.
func TestManyLoginsAtOnceKeepNobodyOut(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, err := d.login(basic("grete", "right password"))
	must(t, err)
	for range cap(d.hashing) { // all cores hash
		d.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range cap(d.waiting) {
		waiting.Go(func() {
			if _, err := d.fits(ctx, core.NewSecret(greteHash), "x"); !errors.Is(err, core.ErrExhausted) {
				t.Errorf("one of those who wait: %v", err)
			}
		})
	}
	for len(d.waiting) < cap(d.waiting) {
		runtime.Gosched()
	}
	for _, name := range []string{"grete", "nobody"} {
		start := time.Now()
		_, err := d.login(basic(name, "wrong password"))
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Code != core.ResourceExhausted || e.RetryAfter == 0 || time.Since(start) > patience/2 {
			t.Errorf("another login of %s: %v after %v", name, err, time.Since(start))
		}
	}
	if _, err := d.login(basic("grete", "right password")); err != nil {
		t.Errorf("whoever has logged in lately: %v", err)
	}
	cancel()
	waiting.Wait()
	<-d.hashing
	if _, err := d.login(basic("grete", "wrong password")); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAChangedPasswordCountsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, err := d.login(basic("grete", "right password"))
	must(t, err)
	hash := core.NewSecret("none")
	_, err = d.store.UpdateUser(t.Context(), "grete", core.UserChange{Password: &hash})
	must(t, err)
	if _, err := d.login(basic("grete", "right password")); err != nil {
		t.Errorf("another server's change counts before it is read: %v", err)
	}
	d.Forget()
	if _, err := d.login(basic("grete", "right password")); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("after one's own change: %v", err)
	}
}

func TestTokensExpireAndEnd(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token, text, err := NewToken(TokenSpec{User: "grete", Age: time.Hour, Scope: core.TokenScope{Access: core.TokenReads}})
	must(t, err)
	must(t, d.store.CreateToken(t.Context(), token))
	d.now = token.CreatedAt.Time()
	caller, err := d.login("Bearer " + text.Reveal())
	must(t, err)
	if caller.Rights.User.Name != "grete" || caller.Scope == nil || caller.Scope.Access != core.TokenReads || caller.Method != "token" {
		t.Errorf("%+v", caller)
	}
	if strings.Contains(token.Hash.Reveal(), text.Reveal()) || !strings.HasPrefix(text.Reveal(), "mlf_"+token.ID+"_") {
		t.Errorf("the token %s", text.Reveal())
	}
	must(t, d.store.DeleteToken(t.Context(), token.ID))
	d.now = d.now.Add(remembered + time.Second)
	if _, err := d.login("Bearer " + text.Reveal()); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("after it was deleted: %v", err)
	}
	must(t, d.store.CreateToken(t.Context(), token))
	d.now = d.now.Add(2 * time.Hour)
	if _, err := d.login("Bearer " + text.Reveal()); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("after it has expired: %v", err)
	}
	for _, age := range []time.Duration{0, -1, maxTokenAge + 1} {
		if _, _, err := NewToken(TokenSpec{User: "grete", Age: age, Scope: core.TokenScope{Access: core.TokenReads}}); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("a token for %v: %v", age, err)
		}
	}
}

// The password that MLflow was shipped with lets no administrator in, whatever the database says.
func TestTheShippedPasswordOpensNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	old := core.NewSecret(shippedHash)
	for _, user := range []core.UserSpec{{Name: "admin", Admin: true, Password: old}, {Name: "hans", Password: old}} {
		_, err := d.store.CreateUser(t.Context(), user)
		must(t, err)
	}
	if _, err := d.login(basic("admin", shipped)); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("the administrator: %v", err)
	}
	if _, err := d.login(basic("hans", shipped)); err != nil {
		t.Errorf("a user: %v", err)
	}
	must(t, d.Bootstrap(t.Context(), Config{AdminName: "admin", AdminPassword: core.NewSecret("a password that is new")}))
	if _, err := d.login(basic("admin", "a password that is new")); err != nil {
		t.Errorf("after the configured one took its place: %v", err)
	}
	must(t, d.Bootstrap(t.Context(), Config{AdminName: "admin", AdminPassword: core.NewSecret("yet another password")}))
	if _, err := d.login(basic("admin", "a password that is new")); err != nil {
		t.Errorf("a configured password took the place of one's own: %v", err)
	}
}

const shippedHash = "pbkdf2:sha1:1000$salt$05c06945ec42a1ab14e2bb5b5c5b166cacaef081"

func FuzzLogin(f *testing.F) {
	for _, seed := range []string{"", "Basic Z3JldGU6eA==", "Bearer mlf_a_b", "Bearer mlf_\x00_", "basic \xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := newDoor(t)
		caller, err := d.login(text)
		if err == nil || !errors.Is(err, core.ErrUnauthenticated) || caller.Rights != nil {
			t.Errorf("%q: %+v, %v", text, caller, err)
		}
	})
}
