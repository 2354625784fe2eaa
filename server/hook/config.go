package hook

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Config says how webhooks are delivered. The zero value is MLflow's way.
type Config struct {
	Schemes      []string      // of URLs that webhooks may have; none is https alone
	AllowPrivate bool          // also to addresses that are not public
	Timeout      time.Duration // of one attempt; 0 is 30 s
	Retries      int           // after the first attempt; 0 is 3, below 0 is none
	Pause        time.Duration // before the first repetition, then twice as long each time; 0 is 1 s
	Workers      int           // deliveries at the same time; 0 is 10
	Remember     time.Duration // how long it is remembered which webhooks there are; 0 is a minute, below 0 not at all
}

// MLflow's variables (mlflow/environment_variables.py).
const (
	schemesVariable  = "MLFLOW_WEBHOOK_ALLOWED_SCHEMES"
	privateVariable  = "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS"
	timeoutVariable  = "MLFLOW_WEBHOOK_REQUEST_TIMEOUT"
	retriesVariable  = "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES"
	workersVariable  = "MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS"
	rememberVariable = "MLFLOW_WEBHOOK_CACHE_TTL"
)

// ConfigFrom reads MLflow's variables: schemes are a list with commas, times are seconds.
func ConfigFrom(getenv func(string) string) (Config, error) {
	var c Config
	for scheme := range strings.SplitSeq(getenv(schemesVariable), ",") {
		if scheme = strings.ToLower(strings.TrimSpace(scheme)); scheme != "" {
			c.Schemes = append(c.Schemes, scheme)
		}
	}
	switch text := strings.ToLower(getenv(privateVariable)); text {
	case "true", "1":
		c.AllowPrivate = true
	case "false", "0", "":
	default:
		return c, core.Invalid(privateVariable, "%s is %q: it must be true or false", privateVariable, text)
	}
	numbers := map[string]int{}
	for _, name := range []string{timeoutVariable, retriesVariable, workersVariable, rememberVariable} {
		text := getenv(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return c, core.Invalid(name, "%s is %q: it must be a number, not below 0", name, text)
		}
		if numbers[name] = n; n == 0 {
			numbers[name] = -1
		}
	}
	c.Timeout = time.Duration(max(numbers[timeoutVariable], 0)) * time.Second
	c.Retries, c.Workers = numbers[retriesVariable], max(numbers[workersVariable], 0)
	c.Remember = time.Duration(numbers[rememberVariable]) * time.Second
	return c, nil
}

// filled has the defaults in place of what is 0.
func (c Config) filled() Config {
	if len(c.Schemes) == 0 {
		c.Schemes = []string{"https"}
	}
	or := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	or(&c.Timeout, 30*time.Second)
	or(&c.Pause, time.Second)
	or(&c.Remember, time.Minute)
	switch {
	case c.Retries == 0:
		c.Retries = 3
	case c.Retries < 0:
		c.Retries = 0
	}
	if c.Workers == 0 {
		c.Workers = 10
	}
	return c
}

func (c Config) allows(scheme string) bool { return slices.Contains(c.Schemes, scheme) }
