package s3

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/mlstore/mlstore/core"
)

// check refuses arguments of the wrong type.
func (e extraArgs) check() error {
	var probe s3.PutObjectInput
	if err := e.put(&probe); err != nil {
		return core.Invalid("upload_extra_args", "upload_extra_args cannot be used: %w", err)
	}
	return nil
}

// has reports whether the argument is given.
func (e extraArgs) has(name string) bool {
	if e == "" {
		return false
	}
	var args map[string]json.RawMessage
	_ = json.Unmarshal([]byte(e), &args) // parsed before
	_, found := args[name]
	return found
}

// put lays the arguments over an input that makes an object. The SDK names its fields as boto3 names the arguments.
func (e extraArgs) put(input any) error {
	if e == "" {
		return nil
	}
	return json.Unmarshal([]byte(e), input)
}

// access lays those arguments over an input that every request about an object needs: keys of the customer, who pays.
func (e extraArgs) access(input any) error {
	if e == "" {
		return nil
	}
	var all, some map[string]json.RawMessage
	if err := json.Unmarshal([]byte(e), &all); err != nil {
		return err
	}
	some = map[string]json.RawMessage{}
	for _, name := range []string{
		"ExpectedBucketOwner", "RequestPayer", "SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5",
	} {
		if value, found := all[name]; found {
			some[name] = value
		}
	}
	text, err := json.Marshal(some)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, input)
}
